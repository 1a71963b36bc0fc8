"""The toy that publishes. Named after a real service, whose roles and NATS user it borrows."""
