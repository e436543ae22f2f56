package pgstore

// registryRules are what accounts, directory and scopes owe each other: each
// statement returns a scope that breaks its rule, or an account's domain.
var registryRules = []struct{ table, sql, what string }{
	{"directory", `SELECT d.scope FROM {directory} d LEFT JOIN {scopes} s ON s.scope = d.scope
		WHERE s.scope IS NULL OR s.stream IS NULL OR s.account <> d.account OR s.stream <> d.stream LIMIT 1`,
		"a name whose scope is another one or does not exist"},
	{"scopes", `SELECT s.scope FROM {scopes} s LEFT JOIN {directory} d ON d.account = s.account AND d.stream = s.stream
		WHERE s.stream IS NOT NULL AND (d.scope IS NULL OR d.scope <> s.scope) LIMIT 1`,
		"it is not in the directory"},
	{"scopes", `SELECT s.scope FROM {scopes} s LEFT JOIN {accounts} a ON a.account = s.account
		WHERE a.account IS NULL OR a.unique_by <> s.unique_by OR s.stream IS NULL AND s.scope <> a.domain
		OR s.domain <> CASE WHEN a.domain = 0 THEN s.scope ELSE a.domain END LIMIT 1`,
		"it does not agree with its account"},
	{"accounts", `SELECT a.domain FROM {accounts} a LEFT JOIN {scopes} s ON s.scope = a.domain AND s.stream IS NULL
		WHERE a.unique_by NOT IN ('stream', 'account') OR (a.unique_by = 'account') <> (a.domain <> 0) OR a.domain <> 0 AND s.scope IS NULL LIMIT 1`,
		"an account whose row is missing, or that makes no sense"},
}

// registry looks at the tables that say which scopes there are.
func (c *checker) registry() error {
	for _, r := range registryRules {
		var id int64
		if err := c.each(r.sql, []any{&id}, func() error { return damagedAt(r.table, id, 0, r.what) }); err != nil {
			return err
		}
	}
	return nil
}
