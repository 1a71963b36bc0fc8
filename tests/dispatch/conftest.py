from tests.dispatch.community import new_place

__all__ = ["new_place"]
