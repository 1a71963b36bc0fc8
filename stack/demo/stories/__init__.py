"""The stories, played through the gateway, each role with its own token; `make demo` and the tests share them."""
