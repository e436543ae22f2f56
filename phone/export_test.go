package phone

// ReadPlain lets the tests compare the part that must equal phonenumbers.
func ReadPlain(digits string, plus bool, region string) (Number, bool) {
	var buf buffer
	n, _, ok := readPlain([]byte(digits), plus, planOf(region), &buf)
	if !ok {
		return Number{}, false
	}
	return n.number()
}

func CallingCodePrefix(code int) string { return Number{uint64(code)}.String()[1:] }
