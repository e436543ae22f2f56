package interchange

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

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
			if (len(p) == 1 && p[0].Reason == ReasonLostZero && p[0].Field == field && p[0].Column == []string{"phone", "fax"}[i]) != c.lossy || !c.lossy && len(p) > 0 {
				t.Errorf("%s in %s: %v", c.row, c.region, p)
			}
		}
	}
	rows, _, err := readCSV(t, []byte("name,phone,country code\nAnn,612345678,36\nBob,612345678,+39\n"), nil, nil)
	if err != nil || len(rows[0].problems) != 1 || len(rows[1].problems) != 0 {
		t.Errorf("with a calling code: %v, %v, %v", rows[0].problems, rows[1].problems, err)
	}
	ours := "firstName,cellPhoneNumber,cellPhoneCountryCode,cellPhoneInput,cellPhoneUnverified,createdByAId\n"
	rows, _, err = readCSV(t, []byte(ours+"Ann,123456789,+225,,,\nBob,123456789,+225,,yes,\n"), nil, nil)
	if err != nil || len(rows[0].problems) != 1 || len(rows[1].problems) != 0 || rows[1].contact.CellPhone.Number != "+225123456789" {
		t.Errorf("in columns of our own: %v, %v, %v", rows[0].problems, rows[1].problems, err)
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

// A contact keeps no more of a huge row in memory than what it says.
func TestCSVRowsNotKept(t *testing.T) {
	const size = 1 << 19
	blob := strings.Repeat(" ", size)
	ours := "firstName,lastName,cellPhoneNumber,cellPhoneCountryCode,cellPhoneInput,createdByAId,phones,emails,tags,custom,id,status,Blob\n"
	google := "Given Name,Family Name,Name,Group Membership,Phone 1 - Type,Phone 1 - Value,E-mail 1 - Value,Custom Field 1 - Type,Custom Field 1 - Value,Notes,Nothing\n"
	for name, c := range map[string]struct{ header, row string }{
		"passed over":     {"name,phone,-\n", "Ann Lee,+16502530000," + blob + "x\n"},
		"too long for it": {"name,phone,Blob\n", "Ann Lee,+16502530000," + blob + "x\n"},
		"blanks":          {"name,phone\n", "Ann" + blob + "Lee," + blob + "+16502530000\n"},
		"lists":           {"name,phones,emails,tags\n", "A,+16502530000 ;" + blob + " +16502530001,a@x.com ;" + blob + "b@x.com,t;" + blob + "u\n"},
		"ours":            {ours, "A,B,123,+91,1 2 3,x,a: 1 ::: b: 2,c: d@e.f,g ::: h,i: j,k,active," + blob + "x\n"},
		"google":          {google, "A,B,,c ::: d,e,1,f@x.com,g,h,i," + blob + "x\n"},
		"lost":            {"name,phone,country code,Blob\n", "Ann,612345678,36," + blob + "x\n"},
	} {
		const n = 40
		var before, after runtime.MemStats
		r, err := newCSVReader(io.MultiReader(strings.NewReader(c.header), &many{text: c.row, n: n}), nil, &Limits{Row: 4 * size})
		if err != nil {
			t.Fatal(err)
		}
		var kept []row
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range n {
			one, err := r.read()
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, row{contact: one.contact, problems: one.problems, leftOut: one.leftOut})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > n*size/4 {
			t.Errorf("%s: %d rows of %d KB keep %d KB", name, n, len(c.row)>>10, grown>>10)
		}
		runtime.KeepAlive(kept)
	}
}
