package interchange

import (
	"bytes"
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
			want: []string{"cellPhone.phoneNumber=+44 20 7946 0018 custom.tel=home emails[0].address=t@x.com emails[1].address=t2@x.com firstName=Tom lastName=Ray"}},
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
			want: []string{"cellPhone.phoneNumber=+16502530000 custom.tel=work firstName=Ann lastName=Lee"}},
		{name: "our names for fields", layout: "plain", in: "phones.work,custom.Badge,adr.home.city,cellPhone.phoneNumber\n+16502530000,7,Oslo,+16502530001\n",
			want: []string{"cellPhone.phoneNumber=+16502530001 custom.Badge=7 custom.adr.home=;;;Oslo phones[0].label=work phones[0].phoneNumber=+16502530000"}},
		{name: "ours, with a column more and a name given", layout: "contacts", in: "cellPhoneNumber,cellPhoneCountryCode,cellPhoneInput,createdByAId,custom,phones,Team,Who\n9876543210,+91,,,a: b,work: +16502530000,Blue,Ann Lee\n",
			o:    &CSVOptions{Columns: map[string]string{"Who": "fullName"}},
			want: []string{"cellPhone.countryCode=+91 cellPhone.phoneNumber=+919876543210 custom.Team=Blue custom.a=b firstName=Ann lastName=Lee phones[0].countryCode=+1 phones[0].label=work phones[0].phoneNumber=+16502530000"}},
		{name: "title beside job title", layout: "plain", in: "Title,Name,Job Title,Phone\nDr,Ann,Boss,+16502530000\n", want: []string{"cellPhone.phoneNumber=+16502530000 firstName=Ann salutation=Dr title=Boss"}},
		{name: "two columns of a field", layout: "plain", in: "Name,Full Name,Company,Business Name,Phone,Prefix,Salutation,Country Code,Dial Code\nAnn,Ann Lee,Acme,Acme Ltd,+16502530000,,Ms,1,1\n,Bob,,,1,,,,\n",
			want: []string{"cellPhone.countryCode=1 cellPhone.phoneNumber=+16502530000 custom.Business Name=Acme Ltd custom.Full Name=Ann Lee firstName=Ann organization=Acme salutation=Ms", "cellPhone.phoneNumber=1 firstName=Bob"}},
		{name: "a full name that says something else", layout: "plain", in: "Full Name,Display Name,First Name,Last Name,Phone\n,Countess,Ada,Lovelace,1\n\"LOVELACE, Ada\",,Ada,Lovelace,2\n",
			want: []string{"cellPhone.phoneNumber=1 custom.Display Name=Countess firstName=Ada lastName=Lovelace", "cellPhone.phoneNumber=2 firstName=Ada lastName=Lovelace"}},
		{name: "a fax is no cell phone", layout: "plain", in: "Name,Fax Work,Fax (home),Pager,Business Mobile,Phone\nAnn,1,2,3,,\nBob,1,,,5,4\nCy,1,,,,4\n",
			want: []string{"firstName=Ann phones[0].label=work fax phones[0].phoneNumber=1 phones[1].label=home fax phones[1].phoneNumber=2 phones[2].label=pager phones[2].phoneNumber=3",
				"cellPhone.phoneNumber=5 custom.tel=work mobile firstName=Bob phones[0].label=work fax phones[0].phoneNumber=1 phones[1].phoneNumber=4",
				"cellPhone.phoneNumber=4 firstName=Cy phones[0].label=work fax phones[0].phoneNumber=1"}},
		{name: "thunderbird, german", layout: "plain", in: "Vorname,Nachname,Anzeigename,Primäre E-Mail-Adresse,Sekundäre E-Mail-Adresse,Tel. dienstlich,Privat: Ort,Dienstlich: PLZ,Geburtsjahr,Geburtsmonat,Geburtstag\nAnn,Lee,A.,a@x.com,b@x.com,+16502530000,Ulm,1,1980,1,2\n",
			want: []string{"cellPhone.phoneNumber=+16502530000 custom.Anzeigename=A. custom.Geburtsjahr=1980 custom.Geburtsmonat=1 custom.Geburtstag=2 custom.adr.home=;;;Ulm custom.adr.work=;;;;;1 custom.tel=work emails[0].address=a@x.com emails[0].label=main emails[1].address=b@x.com emails[1].label=other firstName=Ann lastName=Lee"}},
		{name: "outlook, german", layout: "plain", in: "Anrede;Vorname;Straße geschäftlich;Ort geschäftlich;Land/Region privat;Fax geschäftlich;Mobiltelefon;Geburtstag;Jahrestag\nFrau;Ann;Weg 1;Hof;CH;1;2;0.0.00;1.2.03\n",
			want: []string{"cellPhone.phoneNumber=2 custom.adr.home=;;;;;;CH custom.adr.work=;;Weg 1;Hof custom.anniversary=1.2.03 firstName=Ann phones[0].label=work fax phones[0].phoneNumber=1 salutation=Frau"}},
		{name: "long labels", layout: "google-2024", in: "First Name,Labels,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,E-mail 1 - Label,E-mail 1 - Value\nAnn,,Mobile,1," + strings.Repeat("L", 70) + ",2,\"a\nb\",a@x.com\n",
			want: []string{"cellPhone.phoneNumber=1 emails[0].address=a@x.com emails[0].label=a b firstName=Ann phones[0].label=" + strings.Repeat("L", 64) + " phones[0].phoneNumber=2"}},
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
