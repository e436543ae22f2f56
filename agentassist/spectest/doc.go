// Package spectest holds openapi.json against the handler of package agentassist:
// it validates the description itself and its examples, calls every operation over
// HTTP, and validates each request and each answer. It is a module of its own, so
// that the validator is nobody else's dependency.
package spectest
