#!/bin/bash
# For /docker-entrypoint-initdb.d of the official image: a database and two roles for each application.
# Passwords: RESIDENTS_OWNER_PASSWORD, RESIDENTS_APP_PASSWORD and so on, as in .env.
set -euo pipefail

for service in residents requests merchants dispatch gateway; do
  prefix="${service^^}"
  owner="${prefix}_OWNER_PASSWORD" app="${prefix}_APP_PASSWORD"
  OWNER_PASSWORD="${!owner:?}" APP_PASSWORD="${!app:?}" \
    psql --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres \
    --set service="$service" --set database="$service" --file /docker-entrypoint-initdb.d/service.psql
done
