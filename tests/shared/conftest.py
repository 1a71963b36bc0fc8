from tests.shared.kit_app import kit_app

__all__ = ["kit_app"]
