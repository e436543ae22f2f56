package interchange

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// readRow is a row with what is valid until the next one only.
type readRow struct {
	row
	text string
}

// readCSV reads all rows of a file.
func readCSV(t testing.TB, in []byte, o *CSVOptions, l *Limits) ([]readRow, Report, error) {
	t.Helper()
	r, err := newCSVReader(bytes.NewReader(in), o, l)
	if err != nil {
		return nil, Report{}, err
	}
	var rows []readRow
	for {
		one, err := r.read()
		if err == io.EOF {
			var report Report
			r.found(&report)
			return rows, report, nil
		}
		if err != nil {
			return rows, Report{}, err
		}
		rows = append(rows, readRow{*one, string(one.raw)})
	}
}

// flatContact is what a contact says, short, to compare.
func flatContact(c *contacts.Contact) string {
	b, err := json.Marshal(c)
	if err != nil {
		return err.Error()
	}
	var m map[string]any
	_ = json.Unmarshal(b, &m)
	for _, k := range []string{"accountId", "orgId", "instanceBotId", "fullName", "createdBy", "status", "id"} {
		if m[k] == "" {
			delete(m, k)
		}
	}
	for _, k := range []string{"createdAt", "updatedAt"} {
		if m[k] == "0001-01-01T00:00:00.000Z" {
			delete(m, k)
		}
	}
	var b2 strings.Builder
	var flat func(path string, v any)
	flat = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range sortedNames(v) {
				flat(path+"."+k, v[k])
			}
		case []any:
			for i, e := range v {
				flat(fmt.Sprintf("%s[%d]", path, i), e)
			}
		case string:
			if v != "" {
				fmt.Fprintf(&b2, "%s=%s\n", strings.TrimPrefix(path, "."), v)
			}
		default:
			fmt.Fprintf(&b2, "%s=%v\n", strings.TrimPrefix(path, "."), v)
		}
	}
	flat("", m)
	return b2.String()
}

func TestCSVLayouts(t *testing.T) {
	for _, c := range []struct {
		name, in string
		o        *CSVOptions
		layout   string
		want     []string // lines of flatContact, a row each
	}{
		{name: "agent assist", layout: "agentassist",
			in:   "firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension\nAsha,Rao,Mrs,9876543210,+91,9\n",
			want: []string{"cellPhone.countryCode=+91 cellPhone.extension=9 cellPhone.phoneNumber=9876543210 firstName=Asha lastName=Rao salutation=Mrs"}},
		{name: "agent assist, other columns", layout: "agentassist",
			in:   "FIRSTNAME,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension,Team\n'=A,'@B,Mr,987,91,,Blue\n",
			want: []string{"cellPhone.countryCode=91 cellPhone.phoneNumber=987 custom.Team=Blue firstName==A lastName=@B salutation=Mr"}},
		{name: "google", layout: "google",
			in: "Name,Given Name,Additional Name,Family Name,Name Prefix,Nickname,Birthday,Notes,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Address 1 - Type,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - Postal Code,Organization 1 - Type,Organization 1 - Name,Organization 1 - Title,Website 1 - Type,Website 1 - Value\n" +
				"Ann B Lee,Ann,B,Lee,Dr,Annie,1980-01-02,Hi,* myContacts ::: Friends ::: * starred,* Work,ann@x.com ::: a@y.com,Work,+44 20 7946 0018 ::: +44 20 7946 0019,Mobile,+44 7911 123456,Home,\"1 High St\nLondon\",1 High St,London,N1,* Work,Acme,Boss,Blog,http://x.com\n",
			want: []string{"cellPhone.phoneNumber=+44 7911 123456 custom.adr.home=;;1 High St;London;;N1 custom.bday=1980-01-02 custom.middlename=B custom.nickname=Annie custom.url.blog=http://x.com emails[0].address=ann@x.com emails[0].label=work emails[1].address=a@y.com emails[1].label=work firstName=Ann lastName=Lee notes=Hi organization=Acme phones[0].label=work phones[0].phoneNumber=+44 20 7946 0018 phones[1].label=work phones[1].phoneNumber=+44 20 7946 0019 salutation=Dr tags[0]=Friends tags[1]=starred title=Boss"}},
		{name: "google 2024", layout: "google-2024",
			in: "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,File As,Organization Name,Organization Title,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Relation 1 - Label,Relation 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value\n" +
				"Ann,,Lee,,,,Acme,,* myContacts,,a@x.com,,+16502530000,Spouse,Bob,Badge,7\n",
			want: []string{"cellPhone.phoneNumber=+16502530000 custom.Badge=7 custom.related.spouse=Bob emails[0].address=a@x.com firstName=Ann lastName=Lee organization=Acme"}},
		{name: "google, an address in one cell, a label of nothing", layout: "google",
			in: "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,IM 1 - Type,IM 1 - Service,IM 1 - Value,Address 1 - Type,Address 1 - Formatted,Address 1 - Street\n" +
				"Ann Lee,Ann,Lee,* My Contacts,* ,a@x.com,Other,Jabber,ann,Home,\"1 High St\nLondon\",\n",
			want: []string{"custom.adr.home=;;1 High St London custom.impp.jabber=ann emails[0].address=a@x.com firstName=Ann lastName=Lee"}},
		{name: "outlook", layout: "outlook",
			in: "\"Title\",\"First Name\",\"Last Name\",\"Company\",\"Job Title\",\"Business Street\",\"Business City\",\"Business Country/Region\",\"Business Fax\",\"Business Phone\",\"Home Phone\",\"Mobile Phone\",\"Birthday\",\"Categories\",\"E-mail Address\",\"E-mail Type\",\"E-mail Display Name\",\"Gender\",\"Priority\",\"Sensitivity\",\"Spouse\",\"Web Page\"\r\n" +
				"\"Mr.\",\"Tom\",\"Ray\",\"Acme\",\"Boss\",\"1 High St\",\"London\",\"UK\",\"+44 20 7946 0001\",\"+44 20 7946 0018\",\"\",\"+44 7911 123456\",\"0/0/00\",\"VIP;Gold\",\"t@x.com\",\"SMTP\",\"Tom Ray (t@x.com)\",\"Unspecified\",\"Normal\",\"Normal\",\"Ann\",\"http://x.com\"\r\n",
			want: []string{"cellPhone.phoneNumber=+44 7911 123456 custom.adr.work=;;1 High St;London;;;UK custom.related.spouse=Ann custom.url=http://x.com emails[0].address=t@x.com firstName=Tom lastName=Ray organization=Acme phones[0].label=work fax phones[0].phoneNumber=+44 20 7946 0001 phones[1].label=work phones[1].phoneNumber=+44 20 7946 0018 salutation=Mr. tags[0]=VIP tags[1]=Gold title=Boss"}},
		{name: "outlook.com", layout: "outlook.com",
			in: "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Given Yomi,Surname Yomi,E-mail Address,E-mail 2 Address,Home Phone,Business Phone,Mobile Phone,Primary Phone,IMAddress,Personal Web Page,Notes\n" +
				"Tom,,Ray,,,,,,t@x.com,t2@x.com,+44 20 7946 0018,,,,,,\n",
			want: []string{"cellPhone.phoneNumber=+44 20 7946 0018 emails[0].address=t@x.com emails[1].address=t2@x.com firstName=Tom lastName=Ray"}},
		{name: "plain", layout: "plain", in: "Name;Tel.\nSmith, John;+44 20 7946 0018\nMadonna;\"+44 7911 123456; +44 7911 123457\"\n;+44 7911 123458\n",
			want: []string{"cellPhone.phoneNumber=+44 20 7946 0018 firstName=John lastName=Smith",
				"cellPhone.phoneNumber=+44 7911 123456 firstName=Madonna phones[0].phoneNumber=+44 7911 123457",
				"cellPhone.phoneNumber=+44 7911 123458"}},
		{name: "plain, work and mobile", layout: "plain", in: "first_name\tSurname\tWork Phone\tMobile\tCountry code\tE-Mail\tTags\tMembership No\n" +
			"Ann\tvan Dyke\t020 7946 0018\t07911 123456\t44.0\tAnn <mailto:a@x.com>\tone, two\t=\"0012\"\n",
			want: []string{"cellPhone.countryCode=44 cellPhone.phoneNumber=07911 123456 custom.Membership No=0012 emails[0].address=a@x.com firstName=Ann lastName=van Dyke phones[0].countryCode=44 phones[0].label=work phones[0].phoneNumber=020 7946 0018 tags[0]=one tags[1]=two"}},
		{name: "german", layout: "plain", in: "Anrede;Vorname;Nachname;Telefon geschäftlich;Handy-Nr.;Straße;PLZ;Ort;Firma\nFrau;Änne;Groß;030 123456;0171 1234567;Hauptstr. 1;10115;Berlin;ACME\n",
			want: []string{"cellPhone.phoneNumber=0171 1234567 custom.adr=;;Hauptstr. 1;Berlin;;10115 firstName=Änne lastName=Groß organization=ACME phones[0].label=work phones[0].phoneNumber=030 123456 salutation=Frau"}},
		{name: "french, last name as nom", layout: "plain", in: "Nom|Prénom|Téléphone portable|Courriel\nDupont|Zoé|06 12 34 56 78|z@x.fr\n",
			want: []string{"cellPhone.phoneNumber=06 12 34 56 78 emails[0].address=z@x.fr firstName=Zoé lastName=Dupont"}},
		{name: "spanish", layout: "plain", in: "Nombre,Apellidos,Móvil,Correo electrónico,Empresa\nJosé,García López,+34 612 345 678,j@x.es,ACME\n",
			want: []string{"cellPhone.phoneNumber=+34 612 345 678 emails[0].address=j@x.es firstName=José lastName=García López organization=ACME"}},
		{name: "portuguese, italian, dutch words", layout: "plain", in: "Nome completo,Telemóvel,Telefono casa,Bedrijf\nAna Sá,+351 912 345 678,+39 06 698 12345,ACME\n",
			want: []string{"cellPhone.phoneNumber=+351 912 345 678 firstName=Ana lastName=Sá organization=ACME phones[0].label=home phones[0].phoneNumber=+39 06 698 12345"}},
		{name: "sep line", layout: "plain", in: "sep=;\r\nname;phone\r\nA,B;+16502530000\r\n", want: []string{"cellPhone.phoneNumber=+16502530000 firstName=B lastName=A"}},
		{name: "numbers alone", layout: "plain", in: "+16502530000\n\n+16502530001\n", want: []string{"cellPhone.phoneNumber=+16502530000", "cellPhone.phoneNumber=+16502530001"}},
		{name: "numbers alone, damaged", layout: "plain", in: "9.87654E+09\n+16502530001\n", want: []string{"cellPhone.phoneNumber=9.87654E+09", "cellPhone.phoneNumber=+16502530001"}},
		{name: "name and number without a header", layout: "plain", in: "Ann Lee,+16502530000\nCy,+16502530001\nBob,unknown\n", want: []string{"cellPhone.phoneNumber=+16502530000 firstName=Ann lastName=Lee", "cellPhone.phoneNumber=+16502530001 firstName=Cy", "cellPhone.phoneNumber=unknown firstName=Bob"}},
		{name: "the same number twice", layout: "plain", in: "phone,mobile,home phone\n+1 650 253 0000,+16502530000,+16502530001\n",
			want: []string{"cellPhone.phoneNumber=+1 650 253 0000 phones[0].label=home phones[0].phoneNumber=+16502530001"}},
		{name: "given", layout: "given", in: "A,B,C,D,E\nAnn,x,+16502530000,7,y\n", o: &CSVOptions{Columns: map[string]string{"a": "firstname", "3": "cellPhone.phoneNumber", "D": "custom.Badge", "E": "-"}},
			want: []string{"cellPhone.phoneNumber=+16502530000 custom.B=x custom.Badge=7 firstName=Ann"}},
		{name: "given by number, no header", layout: "given", in: "Ann,Lee,+16502530000\n", o: &CSVOptions{NoHeader: true, Columns: map[string]string{"1": "firstName", "2": "lastName", "3": "phones.work"}},
			want: []string{"cellPhone.phoneNumber=+16502530000 firstName=Ann lastName=Lee"}},
		{name: "our names for fields", layout: "plain", in: "phones.work,custom.Badge,adr.home.city,cellPhone.phoneNumber\n+16502530000,7,Oslo,+16502530001\n",
			want: []string{"cellPhone.phoneNumber=+16502530001 custom.Badge=7 custom.adr.home=;;;Oslo phones[0].label=work phones[0].phoneNumber=+16502530000"}},
		{name: "title beside job title", layout: "plain", in: "Title,Name,Job Title,Phone\nDr,Ann,Boss,+16502530000\n", want: []string{"cellPhone.phoneNumber=+16502530000 firstName=Ann salutation=Dr title=Boss"}},
		{name: "blank cells", layout: "plain", in: "name,phone,,\n,,,\nAnn,+16502530000,,,,,\n", want: []string{"cellPhone.phoneNumber=+16502530000 firstName=Ann"}},
	} {
		rows, report, err := readCSV(t, []byte(c.in), c.o, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if report.Layout != c.layout || len(rows) != len(c.want) {
			t.Errorf("%s: layout %s, %d rows, want %s, %d", c.name, report.Layout, len(rows), c.layout, len(c.want))
			continue
		}
		for i, r := range rows {
			got := strings.ReplaceAll(strings.TrimSpace(flatContact(&r.contact)), "\n", " ")
			if got != c.want[i] || len(r.problems) > 0 {
				t.Errorf("%s, row %d:\n got %s\nwant %s\n%v", c.name, i, got, c.want[i], r.problems)
			}
		}
	}
}

func sortedNames(m map[string]any) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	for i := range names {
		for j := i; j > 0 && names[j] < names[j-1]; j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
	return names
}

func TestCSVFileErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		in   string
		o    *CSVOptions
		l    *Limits
		says string
	}{
		{"empty", "", nil, nil, "empty"},
		{"blank lines", "\n\n ,\n", nil, nil, "empty"},
		{"unknown columns", "foo,bar\n1,2\n", nil, nil, `1:"foo" 2:"bar"`},
		{"unknown column given", "name,phone\n", &CSVOptions{Columns: map[string]string{"tel": "phones"}}, nil, `"tel"`},
		{"unknown column given by number", "name,phone\n", &CSVOptions{Columns: map[string]string{"3": "phones"}}, nil, `"3"`},
		{"unknown field", "name,phone\n", &CSVOptions{Columns: map[string]string{"phone": "handset"}}, nil, "cellPhone.phoneNumber"},
		{"column given twice", "name,phone\n", &CSVOptions{Columns: map[string]string{"phone": "phones", "2": "-"}}, nil, "twice"},
		{"two columns of names, no header", "Ann,Lee,+16502530000\n", nil, nil, "does not name the columns"},
		{"delimiter", "name,phone\n", &CSVOptions{Delimiter: '"'}, nil, "delimiter"},
		{"wide delimiter", "name,phone\n", &CSVOptions{Delimiter: '；'}, nil, "delimiter"},
		{"encoding", "name,phone\n", &CSVOptions{Encoding: "latin-1"}, nil, "windows-1252"},
		{"quotes in the header", "\"name,phone\nAnn,1\n", nil, nil, "quotation"},
		{"long header", strings.Repeat("x", 100) + "\n", nil, &Limits{Row: 50}, "more than 50 bytes"},
		{"wide header", "name,phone,a,b\n", nil, &Limits{Columns: 3}, "more than 3 columns"},
	} {
		_, _, err := readCSV(t, []byte(c.in), c.o, c.l)
		var file *FileError
		if !errors.As(err, &file) || !strings.Contains(err.Error(), c.says) || file.Reason == "" {
			t.Errorf("%s: %v, want a FileError that says %q", c.name, err, c.says)
		}
	}
	million := "name" + strings.Repeat(",x", 1_000_000) + "\n"
	for _, l := range []*Limits{nil, {Row: 8 << 20}} {
		var file *FileError
		if _, _, err := readCSV(t, []byte(million), nil, l); !errors.As(err, &file) || file.Reason != ReasonTooLarge {
			t.Errorf("a million columns: %v", err)
		}
	}
}

// What is wrong with a row is said of that row alone.
func TestCSVMalformedRows(t *testing.T) {
	in := "name,phone\n" +
		"\"Ann,+16502530000\n" + // 2
		"Bob,+16502530001,x\n" + // 3
		"Cy,+16502530002\n" +
		"\"D\"x,+16502530003\n" + // 5
		"Jos\xe9 ééé,+16502530004\n" + // 6
		strings.Repeat("y", 70) + "\n" + // 7
		"a,b,c,d,e,f,g\n" + // 8
		"Eve,+16502530005\n"
	rows, report, err := readCSV(t, []byte(in), nil, &Limits{Row: 60, Columns: 6})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		line   int
		reason contacts.Reason
	}{{2, ReasonMalformed}, {3, ReasonMalformed}, {4, ""}, {5, ReasonMalformed}, {6, contacts.ReasonCharacter}, {7, ReasonTooLarge}, {8, ReasonTooLarge}, {9, ""}}
	if len(rows) != len(want) || report.Encoding != "utf-8" {
		t.Fatalf("%d rows in %s, want %d", len(rows), report.Encoding, len(want))
	}
	for i, w := range want {
		var reason contacts.Reason
		if len(rows[i].problems) > 0 {
			reason = rows[i].problems[0].Reason
		}
		if rows[i].line != w.line || reason != w.reason {
			t.Errorf("row %d: line %d, %s; want line %d, %s", i, rows[i].line, reason, w.line, w.reason)
		}
	}
}

// The column that a field is from is known, also behind the reading.
func TestCSVColumnOf(t *testing.T) {
	rows, _, err := readCSV(t, []byte("Full Name,Work,Work Phone,Mobile,Mail,Badge\nAnn Lee,w,+16502530000 ::: +16502530001,+16502530002,a@x.com,7\nBob,,,+16502530003,,\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"cellPhone.phoneNumber": "Mobile", "cellPhone": "Mobile", "phones[0].phoneNumber": "Work Phone", "phones[1].phoneNumber": "Work Phone",
		"phones[2].phoneNumber": "", "emails[0].address": "Mail", "firstName": "Full Name", "lastName": "Full Name", "custom.Badge": "Badge", "title": "", "": "",
	} {
		if got := rows[0].column(field); got != want {
			t.Errorf("%s is from %q, want %q", field, got, want)
		}
	}
	if got := rows[1].column("cellPhone.phoneNumber"); got != "Mobile" {
		t.Errorf("the second row's number is from %q", got)
	}
}

// What has no room is told.
func TestCSVLeftOut(t *testing.T) {
	long := strings.Repeat("x", contacts.MaxValue+1)
	header, cells := []string{"name"}, []string{"Ann"}
	for i := range 70 {
		header, cells = append(header, fmt.Sprintf("field %d", i)), append(cells, "v")
	}
	header, cells = append(header, strings.Repeat("n", 65), "long", "control", "tags"), append(cells, "v", long, "a\x00b", strings.Repeat("t", 65))
	rows, _, err := readCSV(t, []byte(strings.Join(header, ",")+"\n"+strings.Join(cells, ",")+"\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows[0].contact.Custom); n != contacts.MaxItems {
		t.Errorf("%d values, want %d", n, contacts.MaxItems)
	}
	if n := len(rows[0].leftOut); n != 70-64+4 {
		t.Errorf("%d left out: %v", n, rows[0].leftOut)
	}
}

// rejected writes the rows that fail, as an import does.
func rejected(t *testing.T, in []byte, o *CSVOptions, fails func(i int) string) string {
	t.Helper()
	r, err := newCSVReader(bytes.NewReader(in), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	type raw struct {
		text   []byte
		reason string
	}
	var list []raw
	for i := 0; ; i++ {
		one, err := r.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if reason := fails(i); reason != "" {
			list = append(list, raw{bytes.Clone(one.raw), reason})
		}
	}
	if err := r.rejectHead(w); err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if err := r.reject(w, one.text, one.reason); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCSVRejects(t *testing.T) {
	all := func(int) string { return `no "number", sir` }
	for _, c := range []struct {
		name string
		in   []byte
		o    *CSVOptions
		want string
	}{
		{"plain", []byte("name,phone\nAnn,1\nBob\n"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\nBob,,\"no 'number', sir\"\n"},
		{"sep, CRLF", []byte("sep=;\r\nname;phone\r\n\"A\r\nB\";1\r\n"), nil, "sep=;\r\nname;phone;rejected\r\n\"A\r\nB\";1;no 'number', sir\r\n"},
		{"rejected before", []byte("name,phone,rejected\nAnn,1,\"old, reason\"\nBob,2,\n"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\nBob,2,\"no 'number', sir\"\n"},
		{"last line without an end", []byte("name,phone\nAnn,1"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\n"},
		{"UTF-16", utf16Bytes("name\tphone\nÄnne\t1\n", binary.LittleEndian, true), nil, "name\tphone\trejected\nÄnne\t1\tno 'number', sir\n"},
		{"windows-1252", windows1252(t, "name;phone\nÄnne;1\n"), nil, "name;phone;rejected\nÄnne;1;no 'number', sir\n"},
		{"windows-1252 given", windows1252(t, "name;phone\nÄnne;1\n"), &CSVOptions{Encoding: "windows-1252"}, "name;phone;rejected\nÄnne;1;no 'number', sir\n"},
		{"no header found", []byte("Ann,+16502530000\n"), nil, "fullName,phones,rejected\nAnn,+16502530000,\"no 'number', sir\"\n"},
		{"no header given", []byte("Ann,+16502530000"), &CSVOptions{NoHeader: true}, "Ann,+16502530000\n"},
	} {
		got := rejected(t, c.in, c.o, all)
		if got != "\ufeff"+c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		was, _, err := readCSV(t, c.in, c.o, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := readCSV(t, []byte(got), c.o, nil)
		if err != nil || len(again) != len(was) {
			t.Fatalf("%s: read again: %d rows, %v", c.name, len(again), err)
		}
		for i := range was {
			if a, b := flatContact(&was[i].contact), flatContact(&again[i].contact); a != b || again[i].problems != nil {
				t.Errorf("%s: read again: %s\nwant %s\n%v", c.name, b, a, again[i].problems)
			}
		}
		if twice := rejected(t, []byte(got), c.o, all); twice != got {
			t.Errorf("%s: rejected again: %q", c.name, twice)
		}
	}
}

// A malformed row among rejects does not take others with it, and comes in once
// it is mended.
func TestCSVRejectsMalformed(t *testing.T) {
	in := "name,phone\n\"Ann,1\nBob,2,x,y\n\"Cy\"z,3\nDan,4\n"
	got := rejected(t, []byte(in), nil, func(i int) string { return "why, oh why" })
	rows, _, err := readCSV(t, []byte(got), nil, nil)
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v of %q", len(rows), err, got)
	}
	for i, bad := range []bool{true, true, true, false} {
		if (rows[i].problems != nil) != bad {
			t.Errorf("row %d: %v", i, rows[i].problems)
		}
	}
	mended := strings.NewReplacer(`"Ann`, `"Ann"`, `,x,y`, ``, `"Cy"z`, `"Cy""z"`).Replace(got)
	rows, _, err = readCSV(t, []byte(mended), nil, nil)
	if err != nil || len(rows) != 4 {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows {
		if r.problems != nil || r.contact.CellPhone.Number != fmt.Sprint(i+1) {
			t.Errorf("mended row %d: %v, %v", i, r.contact.CellPhone, r.problems)
		}
	}
}

// A number that lost a zero or a plus is refused where it would be another line.
func TestCSVLostFront(t *testing.T) {
	for _, c := range []struct {
		region, row string
		lossy       bool
	}{
		{"GB", "7911123456", false},
		{"IT", "612345678", false},
		{"IN", "9876543210", false},
		{"IN", "919876543210", false},
		{"US", "16502530000", false},
		{"CO", "3234916507", false},
		{"HU", "612345678", true},
		{"HU", "0612345678", false},
		{"CI", "123456789", true},    // 01 23 45 67 89
		{"DE", "442079460018", true}, // German, or British without its plus
		{"DE", "00442079460018", false},
		{"DE", "+442079460018", false},
		{"DE", "1712345678", false},
		{"", "442079460018", false}, // refused as without a country, elsewhere
	} {
		rows, _, err := readCSV(t, []byte("name,phone,fax\nAnn,"+c.row+",\nBob,+16502530000,"+c.row+"\n"), &CSVOptions{region: c.region}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, field := range []string{"cellPhone.phoneNumber", "phones[0].phoneNumber"} {
			p := rows[i].problems
			if (len(p) == 1 && p[0].Reason == ReasonLossy && p[0].Field == field && p[0].Column == []string{"phone", "fax"}[i]) != c.lossy || !c.lossy && len(p) > 0 {
				t.Errorf("%s in %s: %v", c.row, c.region, p)
			}
		}
	}
	rows, _, err := readCSV(t, []byte("name,phone,country code\nAnn,612345678,36\nBob,612345678,+39\n"), nil, nil)
	if err != nil || len(rows[0].problems) != 1 || len(rows[1].problems) != 0 {
		t.Errorf("with a calling code: %v, %v, %v", rows[0].problems, rows[1].problems, err)
	}
}

// A row of a million items costs no more than its length.
func TestCSVHostileRows(t *testing.T) {
	const n = 1 << 20
	fill := func(pattern string) string { return `"` + strings.Repeat(pattern, (n-100)/len(pattern)) + `"` }
	var many strings.Builder
	for i := range n / 16 {
		fmt.Fprintf(&many, "%08d:::", i)
	}
	wide := strings.Repeat(",notes", 500) + strings.Repeat(",street", 400)
	for name, in := range map[string]string{
		"tags":        "name,tags\nAnn," + fill("a,") + "\n",
		"phones":      "name,phone\nAnn," + many.String() + "\n",
		"emails":      "name,email\nAnn," + strings.ReplaceAll(many.String(), ":::", "@x;") + "\n",
		"digits":      "name,phone,country code\nAnn," + fill("1") + ",+91\n",
		"name":        "name,phone\n" + fill("a ") + ",1\n",
		"notes":       "name" + wide + "\nAnn" + strings.Repeat(","+strings.Repeat("x", 1000), 900) + "\n",
		"columns":     "name" + strings.Repeat(",Phone 1 - Value", 900) + "\nAnn" + strings.Repeat(",x", 900) + "\n",
		"list":        "firstName,cellPhoneNumber,cellPhoneInput,twitterDetails,phones,custom\nAnn,,,," + fill("a;b=") + "," + fill(`\\\:`)[:n/4] + "\"\n",
		"apostrophes": "name,phone\n" + fill("'") + "," + "\n",
	} {
		rows, _, err := readCSV(t, []byte(in), &CSVOptions{region: "IN"}, &Limits{Row: 2 * n})
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		c := rows[0].contact
		if len(c.Tags) > contacts.MaxItems || len(c.Phones) > contacts.MaxItems+1 && name != "list" || len(c.Emails) > contacts.MaxItems+1 || len(rows[0].leftOut) > 10 {
			t.Errorf("%s: %d tags, %d phones, %d emails, %d left out", name, len(c.Tags), len(c.Phones), len(c.Emails), len(rows[0].leftOut))
		}
	}
}

// Each field that is listed can be given, and puts something into a contact.
func TestFields(t *testing.T) {
	for _, f := range Fields() {
		field := strings.NewReplacer("LABEL", "work", "KEY", "Badge", "PART", "city").Replace(f)
		value := map[string]string{"createdAt": "2025-01-02T03:04:05Z", "updatedAt": "2025-01-02T03:04:05Z", "deletedAt": "2025-01-02T03:04:05Z", "address": "[1]", "twitterDetails": "[1]"}[f]
		if value == "" {
			value = "123456789"
		}
		rows, report, err := readCSV(t, []byte("x,phone\n"+value+",+16502530000\n"), &CSVOptions{Columns: map[string]string{"X": strings.ToUpper(field[:1]) + field[1:]}}, nil)
		if err != nil || len(rows) != 1 || len(rows[0].problems) > 0 {
			t.Errorf("%s: %d rows, %v", field, len(rows), err)
			continue
		}
		if report.Columns[0].Field != field && field != "-" {
			t.Errorf("%s is found as %q", field, report.Columns[0].Field)
		}
		c := rows[0].contact
		if said := c.CellPhone.Number == "+16502530000" && c.Equal(contacts.Contact{CellPhone: contacts.Phone{Number: "+16502530000"}}) && c.UpdatedAt.IsZero() && c.UpdatedBy == "" && c.UpdatedByAID == ""; said != (f == "-") {
			t.Errorf("%s: %s", field, flatContact(&c))
		}
	}
}
