"""The door of the test peer, which is the package `peer`."""
