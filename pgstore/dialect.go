package pgstore

// dialect is which of the databases that speak the protocol this one is, as far
// as it makes a difference.
type dialect uint8

const (
	postgres dialect = iota // and what is built on it: YugabyteDB, Citus
	cockroach
)

// dialectOf reads what version() says.
func dialectOf(version string) dialect {
	if len(version) >= 11 && version[:11] == "CockroachDB" {
		return cockroach
	}
	return postgres
}

// collate is the clause that has text ordered byte by byte.
func (d dialect) collate() string {
	if d == cockroach {
		return ""
	}
	return `COLLATE "C"`
}

// listens reports whether the database has LISTEN and NOTIFY.
func (d dialect) listens() bool { return d == postgres }

// plans has the statements that follow planned for any arguments, beside a setting
// that is a text. A plan for those at hand counts on no rows in a scope that the
// statistics do not know yet, and so looks at all of them.
func (d dialect) plans() string {
	if d == cockroach {
		return ""
	}
	return ` || set_config('plan_cache_mode', 'force_generic_plan', true)`
}
