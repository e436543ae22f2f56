package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/callerbook/contacts"
)

// maxInput bounds what is read from standard input: more than this is an
// import and not an entry.
const maxInput = 64 << 20

// inputFault is input that cannot be read as contacts.
type inputFault struct{ text string }

func (e *inputFault) Error() string { return e.text }

// readInput reads all of r, unless the user has enough of waiting for it.
func readInput(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() { // ends with the input or with the program
		data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
		done <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-done:
		if got.err != nil {
			return nil, fmt.Errorf("standard input: %w", got.err)
		}
		return got.data, nil
	}
}

// readContacts reads one contact, or an array of them, in the API's form.
// Values of the wrong type are not its business: the contacts remember them,
// and the book reports them with all else that is wrong.
func readContacts(ctx context.Context, r io.Reader) (list []contacts.Contact, array bool, err error) {
	data, err := readInput(ctx, r)
	if err != nil {
		return nil, false, err
	}
	if len(data) > maxInput {
		return nil, false, &inputFault{fmt.Sprintf("standard input has more than %d MiB: give the contacts in smaller parts", maxInput>>20)}
	}
	items, array, err := splitJSON(data)
	if err != nil {
		return nil, false, err
	}
	for i, raw := range items {
		var c contacts.Contact
		var wrong *contacts.ValidationError
		if raw[0] != '{' {
			return nil, false, &inputFault{fmt.Sprintf("item %d of the array is no JSON object: %s", i+1, clip(string(raw)))}
		}
		if err := c.UnmarshalJSON(raw); err != nil && !errors.As(err, &wrong) {
			return nil, false, &inputFault{fmt.Sprintf("item %d of the array: %v", i+1, err)}
		}
		list = append(list, c)
	}
	return list, array, nil
}

// splitJSON returns the object in data, or the items of the array.
func splitJSON(data []byte) (items []json.RawMessage, array bool, err error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	d := json.NewDecoder(bytes.NewReader(data))
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return nil, false, badJSON(data, err)
	}
	end := d.InputOffset()
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		return nil, false, &inputFault{fmt.Sprintf("the input goes on after the first JSON value (line %d): give one contact, or one array of them",
			lineOf(data, end)+bytes.Count(leading(data[end:]), []byte("\n")))}
	}
	switch value[0] {
	case '{':
		return []json.RawMessage{value}, false, nil
	case '[':
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, false, badJSON(data, err)
		}
		if len(items) == 0 {
			return nil, false, &inputFault{"the array is empty: there is nothing to do"}
		}
		return items, true, nil
	}
	return nil, false, &inputFault{"the input is no contact: give a JSON object, or an array of them"}
}

// leading returns the white space at the start of data.
func leading(data []byte) []byte {
	return data[:len(data)-len(bytes.TrimLeft(data, " \t\r\n"))]
}

func badJSON(data []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return &inputFault{"the input is empty: give a contact as JSON, or an array of them"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &inputFault{"the input is no JSON: it ends too early"}
	case errors.As(err, &syntax):
		return &inputFault{fmt.Sprintf("the input is no JSON: line %d: %v", lineOf(data, syntax.Offset), syntax)}
	}
	return &inputFault{"the input is no JSON: " + err.Error()}
}

// lineOf returns the line of the byte before an offset.
func lineOf(data []byte, offset int64) int {
	offset = min(max(offset-1, 0), int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}
