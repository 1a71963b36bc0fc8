"""What somebody has submitted lately is counted for one of their submissions after the other.

Revision ID: requests_0017
Revises: requests_0015
"""

from alembic import op

revision = "requests_0017"
down_revision = "requests_0015"
branch_labels = None
depends_on = None

_SUBMITTED_LATELY = """
CREATE FUNCTION submitted_lately(
    of_community varchar, of_category varchar, of_person uuid, of_phone bytea, of_client varchar,
    since_day uuid, since_burst uuid,
    OUT person_day_count bigint, OUT person_day_from timestamptz,
    OUT person_burst_count bigint, OUT person_burst_from timestamptz,
    OUT category_day_count bigint, OUT category_day_from timestamptz,
    OUT phone_day_count bigint, OUT phone_day_from timestamptz,
    OUT client_burst_count bigint, OUT client_burst_from timestamptz
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    person_day_count := 0;
    person_burst_count := 0;
    category_day_count := 0;
    phone_day_count := 0;
    client_burst_count := 0;
    IF of_person IS NOT NULL OR of_phone IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(
            hashtextextended(of_community || '/' || coalesce(of_person::text, encode(of_phone, 'hex')), 365004)
        );
    END IF;
    IF of_person IS NOT NULL THEN
        SELECT count(*), min(created_at),
               count(*) FILTER (WHERE id >= since_burst), min(created_at) FILTER (WHERE id >= since_burst),
               count(*) FILTER (WHERE category_code = of_category),
               min(created_at) FILTER (WHERE category_code = of_category)
        INTO person_day_count, person_day_from, person_burst_count, person_burst_from,
             category_day_count, category_day_from
        FROM service_request
        WHERE community_code = of_community AND requester_person_id = of_person AND id >= since_day;
    END IF;
    IF of_phone IS NOT NULL THEN
        SELECT count(*), min(created_at) INTO phone_day_count, phone_day_from
        FROM service_request
        WHERE community_code = of_community AND requester_phone_index = of_phone AND id >= since_day;
    END IF;
    IF of_client IS NOT NULL THEN
        SELECT count(*), min(created_at) INTO client_burst_count, client_burst_from
        FROM service_request
        WHERE community_code = of_community AND client_id = of_client AND id >= since_burst;
    END IF;
END $$
"""
"""A function that may change what it sees (VOLATILE) takes a new snapshot for each of its queries: what it counts after
waiting for the lock includes what was committed meanwhile, which one query with a lock in it would not.
"""


def upgrade() -> None:
    op.execute(_SUBMITTED_LATELY)


def downgrade() -> None:
    op.execute("DROP FUNCTION submitted_lately")
