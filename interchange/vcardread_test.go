package interchange

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/callerbook/contacts"
)

// said says a contact in short: what is set of it, a line a field.
func said(c contacts.Contact) string {
	var b strings.Builder
	add := func(name, s string) {
		if s != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, s)
		}
	}
	add("first", c.FirstName)
	add("last", c.LastName)
	add("salutation", c.Salutation)
	add("cell", c.CellPhone.Number)
	for _, p := range c.Phones {
		add("phone", p.Label+" "+p.Number)
	}
	for _, e := range c.Emails {
		add("email", e.Label+" "+e.Address)
	}
	add("org", c.Organization)
	add("title", c.Title)
	add("notes", c.Notes)
	add("tags", strings.Join(c.Tags, "|"))
	add("ref", c.ClientRef)
	for _, key := range slices.Sorted(maps.Keys(c.Custom)) {
		add(key, c.Custom[key])
	}
	return b.String()
}

// cards has a card's lines, without BEGIN and END, and what it says.
var cards = []struct{ name, text, want string }{
	{"bare parameters are types", "VERSION:2.1\nN:Doe;Jane\nTEL;CELL;PREF:1\nTEL;HOME;VOICE:2\nTEL;WORK;FAX:3", "first=Jane\nlast=Doe\ncell=1\nphone=home 2\nphone=work fax 3\n"},
	{"lists of types, with quotes", "VERSION:4.0\nN:Doe;;;;\nTEL;TYPE=\"work,voice\":1\nTEL;TYPE=home,TYPE=fax:2\nTEL;type=CELL;type=pref:3", "last=Doe\ncell=3\nphone=work 1\nphone=home fax 2\n"},
	{"preferred before others", "VERSION:4.0\nN:D\nTEL;TYPE=cell:1\nTEL;TYPE=cell;PREF=1:2\nTEL;TYPE=cell;PREF=2:3", "last=D\ncell=2\nphone=mobile 1\nphone=mobile 3\n"},
	{"no cell phone: the preferred one is it", "N:D\nTEL;TYPE=work,pref:1\nTEL:2\nTEL;TYPE=VOICE:3", "last=D\ncell=1\nphone= 2\nphone= 3\ntel=work\n"},
	{"no cell phone: the first one is it", "N:D\nTEL;WORK;FAX:0\nTEL;PAGER:2\nTEL;TYPE=work:1\nTEL;TYPE=main:3\nTEL;TYPE=x-radio:4", "last=D\ncell=1\nphone=work fax 0\nphone=pager 2\nphone=main 3\nphone=radio 4\ntel=work\n"},
	{"no cell phone: before it one without a label", "N:D\nTEL;TYPE=work:1\nTEL:2\nTEL:3", "last=D\ncell=2\nphone=work 1\nphone= 3\n"},
	{"a fax alone", "N:D\nTEL;FAX:1\nTEL:1", "last=D\nphone=fax 1\n"},
	{"labels of a group", "N:D\nitem1.TEL:1\nitem1.X-ABLabel:_$!<Mobile>!$_\nITEM2.TEL;type=pref:2\nitem2.X-ABLABEL:Büro links\nitem3.TEL:3\nitem3.X-ABLabel:_$!<WorkFAX>!$_", "last=D\ncell=1\nphone=Büro links 2\nphone=work fax 3\n"},
	{"a number once", "N:D\nTEL;TYPE=home:+49 30 123\nTEL;TYPE=cell:+49-30-123\nTEL;TYPE=work:+49 (30) 1.2/3\nTEL:+4930124", "last=D\ncell=+49 30 123\nphone= +4930124\n"},
	{"tel URIs", "VERSION:4.0\nN:D\nTEL;VALUE=uri;TYPE=cell:tel:+1-418-262-6501\nTEL;VALUE=uri;TYPE=\"work,voice\";PREF=1:tel:+1-418-656-9254;ext=102", "last=D\ncell=tel:+1-418-262-6501\nphone=work tel:+1-418-656-9254;ext=102\n"},
	{"no number", "N:D\nTEL;HOME:\nTEL: ", "last=D\n"},
	{"a number alone", "TEL:123", "cell=123\n"},
	{"e-mail", "N:D\nEMAIL;INTERNET:a@x.org\nEMAIL;TYPE=INTERNET,HOME,PREF:b@x.org\nitem1.EMAIL;type=INTERNET:c@x.org\nitem1.X-ABLabel:club\nEMAIL:mailto:d%2Be@x.org?subject=1", "last=D\nemail=home b@x.org\nemail= a@x.org\nemail=club c@x.org\nemail= d+e@x.org\n"},
	{"no e-mail address", "N:D\nEMAIL;X400:c=us;admd=att", "last=D\nvcard.EMAIL;TYPE=x400=c=us;admd=att\n"},
	{"all of N", "VERSION:3.0\nN:Public;John;Quinlan,Paul;Mr.;Esq.,M.D.\nFN:Mr. John Q. Public, Esq.", "first=John\nlast=Public\nsalutation=Mr.\nmiddlename=Quinlan Paul\nsuffix=Esq. M.D.\nvcard.FN=Mr. John Q. Public, Esq.\n"},
	{"FN follows from N", "N:Public;John;Q.;Mr.;\nFN:PUBLIC, John", "first=John\nlast=Public\nsalutation=Mr.\nmiddlename=Q.\n"},
	{"FN alone", "FN:Dr. Ludwig van Beethoven", "first=Ludwig\nlast=van Beethoven\nsalutation=Dr.\n"},
	{"FN alone, one word", "FN:山田太郎", "first=山田太郎\n"},
	{"FN alone, turned", "N:;;;;\nFN:Beethoven\\, Ludwig van", "first=Ludwig van\nlast=Beethoven\n"},
	{"FN is the organization", "N:;;;;\nFN:Acme\nORG:Acme;;\nTEL;WORK:1", "cell=1\norg=Acme\ntel=work\n"},
	{"FN is the number", "FN:+49 1\nTEL:+49 1", "cell=+49 1\n"},
	{"organization", "N:D\nORG:ABC\\, Inc.;North American Division;Marketing\nTITLE:Boss\nORG:Other\nTITLE:Second\nROLE:r", "last=D\norg=ABC, Inc.\ntitle=Boss\ndepartment=North American Division;Marketing\nrole=r\nvcard.ORG=Other\nvcard.TITLE=Second\n"},
	{"labels as types", "VERSION:2.1\nN:D\nTEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=D0=94=D0=B0=D1=87=D0=B0):1\nTEL;WORK;X-CUSTOM(Desk):2\nTEL;X-Club:3\nTEL;X-CUSTOM(:4\nTEL;X-CUSTOM():5", "last=D\ncell=1\nphone=Desk 2\nphone=club 3\nphone=custom( 4\nphone=custom() 5\ntel=Дача\n"},
	{"note", "N:D\nNOTE:one\\ntwo\\, three\\;\\\\n\nNOTE:four", "last=D\nnotes=one\ntwo, three;\\n\nfour\n"},
	{"a note that was not escaped", "N:D\nNOTE:one\ntwo\nTEL:1", "last=D\ncell=1\nnotes=one\ntwo\n"},
	{"categories", "N:D\nCATEGORIES:a, b,,a,c\\,d\nCATEGORIES:e", "last=D\ntags=a|b|c,d|e\n"},
	{"UID", "N:D\nUID:urn:uuid:4fbe8971\nUID:two", "last=D\nref=urn:uuid:4fbe8971\nvcard.UID=two\n"},
	{"all else", "PRODID:-//Other//EN\nN:D\nBDAY:1970-01-01\nADR;TYPE=home:;;1 Main St\\, 2nd;Town;;12345;US\nADR;HOME;PREF:;;x\nURL:http://a\nURL:http://b\nURL;TYPE=work:http://c\nX-FOO;A=\"b:c\";x=y:v\\,w\nREV:2020\nNICKNAME:a\\,b",
		"last=D\nadr.home=;;1 Main St, 2nd;Town;;12345;US\nadr.home#2=;;x\nbday=1970-01-01\nnickname=a,b\nurl=http://a\nurl#2=http://b\nurl.work=http://c\nvcard.REV=2020\nvcard.X-FOO;A=\"b:c\";X=y=v\\,w\n"},
	{"labels of addresses and dates", "N:D\nitem1.URL:http://a\nitem1.X-ABLabel:_$!<HomePage>!$_\nitem2.X-ABDATE:2001-02-03\nitem2.X-ABLabel:_$!<Anniversary>!$_\nitem3.X-FOO:1\nitem3.X-ABLabel:foo", "last=D\nevent.anniversary=2001-02-03\nurl.homepage=http://a\nvcard.item3.X-ABLABEL=foo\nvcard.item3.X-FOO=1\n"},
	{"a key that would be too long", "N:D\nX-FOO;X-ABCDEFGHIJKLMNOPQRSTUVWXYZ=ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEFGHIJKLMN:v", "last=D\nvcard.X-FOO;*=X-ABCDEFGHIJKLMNOPQRSTUVWXYZ=ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEFGHIJKLMN:v\n"},
	{"quoted-printable", "VERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\n=C3=B6rg\nNOTE;QUOTED-PRINTABLE:one=0D=0Atwo=3D=\n three\nTEL;CELL;ENCODING=QUOTED-PRINTABLE:=2B49=\n123", "first=Jörg\nlast=Müller\ncell=+49123\nnotes=one\ntwo= three\n"},
	{"quoted-printable and a fold in a letter", "VERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=8D=\n =81", "first=十\n"},
	{"quoted-printable that ends in =", "VERSION:2.1\nTEL:1\nNOTE;ENCODING=QUOTED-PRINTABLE:a=", "cell=1\nnotes=a\n"},
	{"quoted-printable, no code", "VERSION:2.1\nNOTE;ENCODING=QUOTED-PRINTABLE:a=b =ZZ =3", "notes=a=b =ZZ =3\n"},
	{"BASE64", "VERSION:2.1\nN;CHARSET=UTF-8;ENCODING=BASE64:RG9lO0rDvHJn\nPHOTO;JPEG;ENCODING=BASE64:\n AAEC\n AwQF\n\nTEL:1", "first=Jürg\nlast=Doe\ncell=1\nvcard.PHOTO;TYPE=jpeg;ENCODING=b=AAECAwQF\n"},
	{"folds", "VERSION:3.0\nN:Do\n e;Ja\n\tne\nTEL;TYPE\n =cell:12\n 34", "first=Jane\nlast=Doe\ncell=1234\n"},
	{"folds of 2.1", "VERSION:2.1\nNOTE:one\n two\nTEL;\n CELL:1", "cell=1\nnotes=one two\n"},
	{"empty lines", "\nVERSION:3.0\n\nN:Doe\n\n\nTEL:1\n ", "last=Doe\ncell=1\n"},
	{"names in lower case", "version:3.0\nn:Doe\ntel;type=cell:1\nitem1.email:a@x.org", "last=Doe\ncell=1\nemail= a@x.org\n"},
	{"indented", "  VERSION:3.0\n  N:Doe\n  TEL;TYPE=cell:1\n   2", "last=Doe\ncell=12\n"},
	{"escapes of 2.1", "VERSION:2.1\nN:D\\;E;C:\\new\nNOTE:a\\nb", "first=C:\\new\nlast=D;E\nnotes=a\\nb\n"},
	{"carets", "VERSION:4.0\nN:D\nTEL;TYPE=\"a^'b^^^nc\":1", "last=D\ncell=1\ntel=a\"b^ c\n"},
	{"colons and semicolons in quotes", "N:D\nTEL;X-A=\"a:b;c\";TYPE=work:1", "last=D\ncell=1\ntel=work\n"},
	{"a quotation mark alone", "N:D\nTEL;X-A=\"a;TYPE=work:1", "last=D\ncell=1\ntel=work\n"},
	{"a card within the card", "N:D\nAGENT:\nBEGIN:VCARD\nN:Other\nTEL:2\nAGENT:\nBEGIN:VCARD\nTEL:3\nEND:VCARD\nEND:VCARD\nTEL:1", "last=D\ncell=1\n"},
	{"a card within the card, on one line", "N:D\nAGENT:BEGIN:VCARD\nN:Other\nTEL:2\nEND:VCARD\nTEL:1", "last=D\ncell=1\n"},
	{"a card within the card, as a text", "N:D\nAGENT:BEGIN:VCARD\\nN:Other\\nTEL:2\\nEND:VCARD\\n\nTEL:1", "last=D\ncell=1\n"},
	{"notes of an earlier import", "X-CONTACTS-REJECTED:held\nN:D\nX-CONTACTS-LEFT-OUT:PHOTO\\, 3 bytes", "last=D\n"},
}

func TestVCardCards(t *testing.T) {
	for _, c := range cards {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			text := strings.ReplaceAll("BEGIN:VCARD\n"+c.text+"\nEND:VCARD\n", "\n", end)
			if strings.HasPrefix(c.name, "indented") {
				text = "  " + strings.Replace(text, "END", "  END", 1)
			}
			for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
				rows := readAll(t, r, nil)
				if len(rows) != 1 || rows[0].problems != nil || string(rows[0].raw) != text && !strings.Contains(text, "AGENT") {
					t.Fatalf("%s: rows %+v", c.name, rows)
				}
				if got := said(rows[0].contact); got != c.want {
					t.Errorf("%s (%q): got\n%swant\n%s", c.name, end, got, c.want)
				}
			}
		}
	}
}

// TestVCardCustomComesBack: what a card has beyond the fields is written as it
// was, and read again as the same.
func TestVCardCustomComesBack(t *testing.T) {
	for _, c := range cards {
		want := readCards(t, "BEGIN:VCARD\n"+c.text+"\nEND:VCARD\n", nil)[0].contact
		for _, version := range []string{"3.0", "4.0"} {
			text := writeCards(t, version, want)
			if strings.Contains(text, "X-CONTACTS-CUSTOM") && c.name != "a key that would be too long" {
				t.Errorf("%s: custom is not written as it came:\n%s", c.name, text)
			}
			if got := readCards(t, text, nil)[0].contact; !got.Equal(want) {
				t.Errorf("%s: got\n%swant\n%s", c.name, said(got), said(want))
			}
		}
	}
}

func TestVCardCharsets(t *testing.T) {
	enc := func(s string, e interface{ String(string) (string, error) }) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct{ params, value, want string }{
		{"", "Müller", "Müller"},
		{"", "M\xfcller", "Müller"},
		{";CHARSET=UTF-8", "M\xfcller", "Müller"},
		{";CHARSET=ISO-8859-1", "M\xfcller", "Müller"},
		{";CHARSET=windows-1251", enc("Привет", charmap.Windows1251.NewEncoder()), "Привет"},
		{";CHARSET=KOI8-R", enc("Привет", charmap.KOI8R.NewEncoder()), "Привет"},
		{";CHARSET=SHIFT_JIS", enc("十表能", japanese.ShiftJIS.NewEncoder()), "十表能"},
		{";CHARSET=EUC-JP", enc("十表能", japanese.EUCJP.NewEncoder()), "十表能"},
		{";CHARSET=ISO-2022-JP", enc("十表能", japanese.ISO2022JP.NewEncoder()), "十表能"},
		{";CHARSET=ISO-8859-15;ENCODING=QUOTED-PRINTABLE", "=A4 M=FCller", "€ Müller"},
		{";CHARSET=GBK;ENCODING=QUOTED-PRINTABLE", "=D6=D0=CE=C4", "中文"},
		{";CHARSET=Big5;ENCODING=QUOTED-PRINTABLE", "=A4=A4=A4=E5", "中文"},
		{";CHARSET=X-UNKNOWN", "plain", "plain"},
	} {
		rows := readCards(t, "BEGIN:VCARD\nVERSION:2.1\nTITLE"+c.params+":"+c.value+"\nEND:VCARD\n", nil)
		if got := rows[0].contact.Title; got != c.want || len(rows[0].leftOut) > 0 {
			t.Errorf("%s: got %q, want %q", c.params, got, c.want)
		}
	}
	rows := readCards(t, "BEGIN:VCARD\nTITLE;CHARSET=X-UNKNOWN:\xfc\xfc\nTEL:1\nEND:VCARD\n", nil)
	if c := rows[0].contact; c.Title != "" || c.CellPhone.Number != "1" || len(rows[0].leftOut) != 1 || rows[0].leftOut[0].Name != "TITLE" {
		t.Errorf("an unknown character set: %+v, left out %v", c, rows[0].leftOut)
	}
	rows = readCards(t, "BEGIN:VCARD\nTITLE:Jürgen Müll\xc3\nNOTE;ENCODING=QUOTED-PRINTABLE:=C3=A4=C3\nTEL:1\nEND:VCARD\n", nil)
	if c := rows[0].contact; c.Title != "Jürgen Müll\ufffd" || c.Notes != "ä\ufffd" || len(rows[0].leftOut) != 2 {
		t.Errorf("cut off within a letter: %q %q, left out %v", c.Title, c.Notes, rows[0].leftOut)
	}
}

func TestVCardEncodings(t *testing.T) {
	const text = "BEGIN:VCARD\r\nN:Müller\r\nTEL:1\r\nEND:VCARD\r\n"
	wide := func(order binary.AppendByteOrder, mark string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(mark + text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	for _, c := range []struct{ name, text, encoding string }{
		{"utf-8", text, encUTF8},
		{"mark", "\ufeff" + text, encUTF8},
		{"utf-16le", wide(binary.LittleEndian, "\ufeff"), encUTF16LE},
		{"utf-16be", wide(binary.BigEndian, "\ufeff"), encUTF16BE},
		{"utf-16le without a mark", wide(binary.LittleEndian, ""), encUTF16LE},
		{"windows-1252", strings.Replace(text, "ü", "\xfc", 1), enc1252},
	} {
		v, err := newVCardReader(strings.NewReader(c.text), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.read()
		if err != nil || said(got.contact) != "last=Müller\ncell=1\n" {
			t.Fatalf("%s: %v, %+v", c.name, err, got)
		}
		var r Report
		if v.found(&r); r.Format != FormatVCard || r.Encoding != c.encoding {
			t.Errorf("%s: %v %s", c.name, r.Format, r.Encoding)
		}
	}
}

func TestVCardRows(t *testing.T) {
	const text = "\n\nBEGIN:VCARD\nTEL:1\n" + // no END
		"begin:vcard \nTEL:2\nend:vcard\nEND:VCARD\n" +
		"TEL:3\n\nN:nobody\n" +
		"BEGIN:VCARD\nVERSION:2.1\nTEL;CELL:4\nEND:VCARD\n\x1a" +
		"\nBEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nTEL:5\nBEGIN:VCARD\nTEL:6" // nothing ends
	rows := readCards(t, text, nil)
	var got []string
	for _, r := range rows {
		s := fmt.Sprintf("%d %s", r.line, r.contact.CellPhone.Number)
		for _, p := range r.problems {
			s += " " + string(p.Reason)
		}
		for _, l := range r.leftOut {
			s += fmt.Sprintf(" %s %d", l.Name, l.Bytes)
		}
		got = append(got, s)
	}
	want := []string{"3 1", "5 2", "9  malformed", "12 4", "17  AGENT 25", "21 6"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if s := string(rows[2].raw); s != "TEL:3\nN:nobody\n" {
		t.Errorf("raw of what is no card: %q", s)
	}

	v, err := newVCardReader(strings.NewReader("a,b\n1,2\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var bad *FileError
	if _, err := v.read(); !errors.As(err, &bad) || bad.Line != 1 {
		t.Errorf("no card at all: %v", err)
	}
	if rows := readCards(t, "\n \r\n", nil); rows != nil {
		t.Errorf("nothing at all: %+v", rows)
	}
}

func TestVCardColumn(t *testing.T) {
	row := readCards(t, "BEGIN:VCARD\nFN:A B\nitem1.TEL;TYPE=cell:1\nTEL;TYPE=work:2\nEMAIL;HOME:a@b\nADR;TYPE=home:x\nX-A;B=c:d\nEND:VCARD\n", nil)[0]
	for field, want := range map[string]string{
		"firstName": "FN", "cellPhone.phoneNumber": "TEL;TYPE=cell", "phones[0].phoneNumber": "TEL;TYPE=work", "phones[1].label": "", "emails[0].address": "EMAIL;HOME",
		"custom.adr.home": "ADR", "custom.vcard.X-A;B=c": "X-A;B=c", "notes": "NOTE", "": "",
	} {
		if got := row.column(field); got != want {
			t.Errorf("column of %q: %q, want %q", field, got, want)
		}
	}
}

func TestVCardReject(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		card := strings.ReplaceAll("BEGIN:VCARD\nN:D\nTEL:1\nEND:VCARD\n", "\n", end)
		v, err := newVCardReader(strings.NewReader(card+"TEL:2"), nil)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		again := card
		for range 2 { // the second time, the first reason goes
			b.Reset()
			if err := v.reject(w, []byte(again), "held\nby another"); err != nil {
				t.Fatal(err)
			}
			w.Flush()
			again = b.String()
		}
		want := strings.Replace(card, "N:D", "X-CONTACTS-REJECTED:held by another"+end+"N:D", 1)
		if again != want {
			t.Errorf("got %q, want %q", again, want)
		}
		if got := said(readCards(t, again, nil)[0].contact); got != "last=D\ncell=1\n" {
			t.Errorf("read again: %s", got)
		}
		b.Reset()
		if err := v.reject(w, []byte("TEL:2"), "no card"); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if got := b.String(); got != "X-CONTACTS-REJECTED:no card\nTEL:2\n" {
			t.Errorf("no card: %q", got)
		}
	}
}
