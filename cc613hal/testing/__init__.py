"""For tests: pytest plug-in, conformance suites, fakes."""
