// Package tablegen turns the metadata of phonenumbers v2 into the tables of
// package phone. It is run by "go generate ./phone" and by the test that
// checks that the tables are current; no program links it.
package tablegen

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers/v2/metadata"
)

// The types of package phone, in the order in which phonenumbers asks for
// them. The numbers are part of the tables.
const (
	typeUnknown = iota
	typeFixedLine
	typeMobile
	typeFixedLineOrMobile
	typeTollFree
	typePremiumRate
	typeSharedCost
	typeVoIP
	typePersonal
	typePager
	typeUAN
	typeVoicemail
)

// maxGroups is how many groups of a national prefix package phone can hold.
const maxGroups = 3

// region is one row of metadata with the automata of its patterns.
type region struct {
	meta    *metadata.PhoneMetadata
	general int32   // pattern of the general description, any length
	leading int32   // leading digits, 0 when there are none
	descs   []int32 // general, then the types in the order of classify
}

// Generate returns the Go source of the tables, formatted. The output depends
// on nothing but the metadata that this program links.
func Generate() ([]byte, error) {
	coll, err := metadata.Collection()
	if err != nil {
		return nil, err
	}
	byRegion := map[string]*metadata.PhoneMetadata{}
	byCode := map[int]*metadata.PhoneMetadata{}
	for _, m := range coll.GetMetadata() {
		if m.GetId() == "001" {
			byCode[int(m.GetCountryCode())] = m
		} else {
			byRegion[m.GetId()] = m
		}
	}
	regionsOf := metadata.CountryCodeToRegion()
	var codes []int
	for code := range regionsOf {
		codes = append(codes, code)
	}
	slices.Sort(codes)

	g := newGraph()
	t := &tables{programs: map[string]uint16{}}
	var roots []int32
	for _, code := range codes {
		var regions []region
		for _, id := range regionsOf[code] {
			m := byRegion[id]
			if id == "001" {
				m = byCode[code]
			}
			if m == nil {
				return nil, fmt.Errorf("no metadata for region %s of calling code %d", id, code)
			}
			r, err := newRegion(g, m)
			if err != nil {
				return nil, fmt.Errorf("region %s: %w", id, err)
			}
			regions = append(regions, r)
		}
		root := classify(g, regions)
		t.codes = append(t.codes, codeRow{code: code, root: root, first: len(t.plans), count: len(regions)})
		roots = append(roots, root)
		for _, r := range regions {
			row, err := t.plan(r)
			if err != nil {
				return nil, fmt.Errorf("region %s: %w", r.meta.GetId(), err)
			}
			t.plans = append(t.plans, row)
			roots = append(roots, r.general)
		}
	}
	if len(t.codes) > 255 || len(t.plans) > 255 {
		return nil, errors.New("calling codes or regions do not fit one byte")
	}
	t.words, t.at, err = g.pack(roots)
	if err != nil {
		return nil, err
	}
	return format.Source(t.source())
}

// newRegion compiles the patterns of one row of metadata.
func newRegion(g *graph, m *metadata.PhoneMetadata) (region, error) {
	r := region{meta: m}
	var errs []error
	compiled := func(expr string, lengths []int32, prefix bool) int32 {
		id, err := g.pattern(expr, lengths, prefix)
		errs = append(errs, err)
		return id
	}
	general := m.GetGeneralDesc()
	r.general = compiled(general.GetNationalNumberPattern(), nil, false)
	r.leading = compiled(m.GetLeadingDigits(), nil, true)
	for _, d := range []*metadata.PhoneNumberDesc{
		general, m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(),
		m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(), m.GetFixedLine(), m.GetMobile(),
	} {
		lengths := []int32(nil)
		if d != nil {
			lengths = d.PossibleLength
		}
		r.descs = append(r.descs, compiled(d.GetNationalNumberPattern(), lengths, false))
	}
	return r, errors.Join(errs...)
}

// numberType says what phonenumbers' getNumberTypeHelper says, given which of
// a region's descriptions match.
func numberType(m *metadata.PhoneMetadata, match []uint16) uint16 {
	if match[0] == 0 {
		return typeUnknown
	}
	order := []uint16{typePremiumRate, typeTollFree, typeSharedCost, typeVoIP, typePersonal, typePager, typeUAN, typeVoicemail}
	for i, typ := range order {
		if match[1+i] != 0 {
			return typ
		}
	}
	fixed, mobile := match[9] != 0, match[10] != 0
	same := m.GetSameMobileAndFixedLinePattern()
	switch {
	case fixed && (same || mobile):
		return typeFixedLineOrMobile
	case fixed:
		return typeFixedLine
	case mobile && !same:
		return typeMobile
	}
	return typeUnknown
}

// classify returns the automaton of a calling code: a number's output is
// 0 when it is not valid, else its type plus 16 times its region's place.
func classify(g *graph, regions []region) int32 {
	var roots []int32
	for _, r := range regions {
		roots = append(roots, r.leading)
		roots = append(roots, r.descs...)
	}
	return g.product(roots, func(outs []uint16) uint16 {
		for i, r := range regions {
			n := len(r.descs) + 1
			own := outs[i*n : (i+1)*n]
			typ := numberType(r.meta, own[1:])
			switch {
			case len(regions) == 1, r.meta.GetLeadingDigits() == "" && typ != typeUnknown,
				r.meta.GetLeadingDigits() != "" && own[0] != 0:
				if typ == typeUnknown {
					return 0
				}
				return uint16(i)<<4 | typ
			}
		}
		return 0
	})
}

// codeRow and planRow are what the source shows of a calling code, a region.
type codeRow struct {
	code         int
	root         int32
	first, count int
}

type planRow struct {
	region          string
	code            int
	general         int32
	possible, local uint32
	prefix, idd     uint16
	firstDigits     uint16
	groups          int
	transform       string
	trunk           string
}

type tables struct {
	codes    []codeRow
	plans    []planRow
	words    []uint16
	at       map[int32]uint16
	programs map[string]uint16
	progs    []uint16
}

// plan fills a region's row and adds its prefix programs, each one once.
func (t *tables) plan(r region) (planRow, error) {
	m := r.meta
	row := planRow{region: m.GetId(), code: int(m.GetCountryCode()), general: r.general,
		transform: m.GetNationalPrefixTransformRule(), trunk: m.GetNationalPrefix()}
	var err error
	if row.possible, err = lengthMask(m.GetGeneralDesc().PossibleLength); err != nil {
		return row, err
	}
	if row.local, err = lengthMask(m.GetGeneralDesc().PossibleLengthLocalOnly); err != nil {
		return row, err
	}
	if expr := m.GetNationalPrefixForParsing(); expr != "" {
		if row.prefix, row.firstDigits, row.groups, err = t.program(expr); err != nil {
			return row, err
		}
		if row.groups > maxGroups {
			return row, fmt.Errorf("national prefix with %d groups", row.groups)
		}
		if err := checkTransform(row.transform, row.groups); err != nil {
			return row, err
		}
	}
	if expr := m.GetInternationalPrefix(); expr != "" {
		if row.idd, _, _, err = t.program(expr); err != nil {
			return row, err
		}
	} else if row.region != "001" {
		return row, errors.New("no international prefix: an empty pattern would match every number")
	}
	return row, nil
}

func (t *tables) program(expr string) (at, first uint16, groups int, err error) {
	p, err := compileProgram(expr)
	if err != nil {
		return 0, 0, 0, err
	}
	if at, ok := t.programs[expr]; ok {
		return at, p.first, p.groups, nil
	}
	if len(t.progs) == 0 {
		t.progs = append(t.progs, opFail, 0, 0) // program 0: none
	}
	at = uint16(len(t.progs))
	t.programs[expr] = at
	for i := 0; i < len(p.words); i += 3 {
		op, next, arg := p.words[i], p.words[i+1]+at, p.words[i+2]
		if op&15 == opAlt {
			arg += at
		}
		t.progs = append(t.progs, op, next, arg)
	}
	if len(t.progs) > 1<<16 {
		return 0, 0, 0, errors.New("prefix programs do not fit 16-bit places")
	}
	return at, p.first, p.groups, nil
}

// checkTransform accepts digits and groups $1..$9 only.
func checkTransform(rule string, groups int) error {
	for i := 0; i < len(rule); i++ {
		if rule[i] == '$' {
			i++
			if i == len(rule) || rule[i] < '1' || int(rule[i]-'0') > groups ||
				i+1 < len(rule) && rule[i+1] != '$' {
				return fmt.Errorf("transform rule %q", rule)
			}
		} else if rule[i] < '0' || rule[i] > '9' {
			return fmt.Errorf("transform rule %q", rule)
		}
	}
	return nil
}

func lengthMask(lengths []int32) (uint32, error) {
	var mask uint32
	for _, l := range lengths {
		if l < 1 || l > maxDigits {
			return 0, fmt.Errorf("possible length %d", l)
		}
		mask |= 1 << l
	}
	return mask, nil
}

// source writes the tables as Go.
func (t *tables) source() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by phone/internal/tablegen; DO NOT EDIT.\n\npackage phone\n\n")
	fmt.Fprintf(&b, "// MetadataVersion names the metadata that the tables were made from: the\n"+
		"// release of libphonenumber. It enters the Fingerprint.\nconst MetadataVersion = %q\n\n", strings.TrimPrefix(metadata.Version, "v"))
	b.WriteString("// codes: the assigned calling codes in ascending order.\nvar codes = [...]code{\n")
	for _, c := range t.codes {
		fmt.Fprintf(&b, "{%d, %d, %d, %d},\n", c.code, t.at[c.root], c.first, c.count)
	}
	b.WriteString("}\n\n// plans: the regions, by calling code, the main region of a code first.\nvar plans = [...]plan{\n")
	for _, p := range t.plans {
		fmt.Fprintf(&b, "{%q, %d, %d, %#x, %#x, %d, %d, %#x, %d, %q, %q},\n", p.region, p.code, t.at[p.general],
			p.possible, p.local, p.prefix, p.idd, p.firstDigits, p.groups, p.transform, p.trunk)
	}
	var index [1000]uint8
	for i, c := range t.codes {
		index[c.code] = uint8(i + 1)
	}
	b.WriteString("}\n\n// codeIndex: place in codes plus one of each calling code, 0 when it is not assigned.\nvar codeIndex = [1000]uint8{\n")
	for i := 0; i < len(index); i += 20 {
		for _, v := range index[i : i+20] {
			fmt.Fprintf(&b, "%d,", v)
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n\n")
	var byLetters [26 * 26]uint8
	for i, p := range t.plans {
		if r := p.region; len(r) == 2 {
			byLetters[int(r[0]-'A')*26+int(r[1]-'A')] = uint8(i + 1)
		}
	}
	b.WriteString("// regionIndex: place in plans plus one of each region, by its two letters.\nvar regionIndex = [26 * 26]uint8{\n")
	for i := 0; i < len(byLetters); i += 26 {
		for _, v := range byLetters[i : i+26] {
			fmt.Fprintf(&b, "%d,", v)
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n\n")
	writeWords(&b, "programs", "prefix patterns, three words an instruction", t.progs)
	writeWords(&b, "automaton", "what the digits of a national number are", t.words)
	return b.Bytes()
}

func writeWords(b *bytes.Buffer, name, doc string, words []uint16) {
	fmt.Fprintf(b, "// %s: %s.\nvar %s = [...]uint16{\n", name, doc, name)
	for i, w := range words {
		fmt.Fprintf(b, "%d,", w)
		if i%24 == 23 || i == len(words)-1 {
			b.WriteByte('\n')
		}
	}
	b.WriteString("}\n\n")
}
