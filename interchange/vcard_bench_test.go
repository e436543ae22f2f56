package interchange

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/callerbook/contacts"
)

// someCards returns so many cards as telephones and mail programs write them.
func someCards(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		switch i % 4 {
		case 0: // Google
			fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jane Q. Public%d\r\nN:Public%d;Jane;Q.;;\r\nEMAIL;TYPE=INTERNET;TYPE=HOME:jane.public%d@example.com\r\nTEL;TYPE=CELL:+1 650-555-%04d\r\nTEL;TYPE=WORK:(650) 555-%04d\r\n"+
				"ADR;TYPE=HOME:;;1600 Amphitheatre Pkwy;Mountain View;CA;94043;USA\r\nORG:Example Inc.;Sales\r\nTITLE:Account Manager\r\nCATEGORIES:myContacts\r\nEND:VCARD\r\n", i, i, i, i%10000, (i+7)%10000)
		case 1: // Android
			fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BC=6C=6C=65=72;J=C3=B6rg%d;;;\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg%d =4D=C3=BC=6C=6C=65=72\r\nTEL;CELL;PREF:0171 %07d\r\nTEL;HOME:030 %07d\r\nEMAIL;HOME:joerg@example.org\r\nEND:VCARD\r\n", i, i, i, i+1)
		case 2: // an iPhone
			fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 17.0//EN\r\nN:Patel;Asha%d;;;\r\nFN:Asha%d Patel\r\nORG:Callerbook;\r\nTEL;type=CELL;type=VOICE;type=pref:+91 98765 %05d\r\nitem1.TEL:+91 22 %08d\r\nitem1.X-ABLabel:Office Mumbai\r\nEMAIL;type=INTERNET;type=WORK;type=pref:asha@example.in\r\nNOTE:Met in Pune\\, wants a call back.\\nSecond line.\r\nREV:2024-03-01T10:00:00Z\r\nEND:VCARD\r\n", i, i, i%100000, i)
		default:
			fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-%012d\r\nFN:山田 太郎%d\r\nN:山田;太郎%d;;;\r\nTEL;VALUE=uri;PREF=1;TYPE=\"voice,cell\":tel:+81-90-1234-%04d\r\nEMAIL;TYPE=work:taro@example.jp\r\nBDAY:19800101\r\nURL:https://example.jp/taro\r\nEND:VCARD\r\n", i, i, i, i%10000)
		}
	}
	return b.Bytes()
}

func BenchmarkVCardRead(b *testing.B) {
	const n = 20000
	file := someCards(n)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		v, err := newVCardReader(bytes.NewReader(file), nil)
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		for {
			if _, err := v.read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		if rows != n {
			b.Fatal(rows)
		}
	}
	b.ReportMetric(float64(len(file))/n, "B/card")
}

func BenchmarkVCardWrite(b *testing.B) {
	v, err := newVCardReader(bytes.NewReader(someCards(1000)), nil)
	if err != nil {
		b.Fatal(err)
	}
	var list []contacts.Contact
	for {
		r, err := v.read()
		if err != nil {
			break
		}
		list = append(list, r.contact)
	}
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		var count countWriter
		w := bufio.NewWriter(&count)
		out := newVCardWriter("4.0")
		for i := range list {
			if err := out.write(w, &list[i], func(string) {}); err != nil {
				b.Fatal(err)
			}
		}
		w.Flush()
		n = int64(count)
	}
	b.SetBytes(n)
}

type countWriter int64

func (c *countWriter) Write(p []byte) (int, error) {
	*c += countWriter(len(p))
	return len(p), nil
}
