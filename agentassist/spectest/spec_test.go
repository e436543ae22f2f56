package spectest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	valerrors "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// spec is the description that a server gives.
type spec struct {
	model     *v3.Document
	validator validator.Validator
	document  libopenapi.Document
}

// readSpec gets the description from a server.
func readSpec(t *testing.T, s *agentassisttest.Server) *spec {
	t.Helper()
	resp, err := http.Get(s.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/openapi.json: %s, %v", resp.Status, err)
	}
	return parseSpec(t, data)
}

func parseSpec(t *testing.T, data []byte) *spec {
	t.Helper()
	doc, err := libopenapi.NewDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithContentAssertions())
	if errs != nil {
		t.Fatal(errs)
	}
	return &spec{model: &model.Model, validator: v, document: doc}
}

// operation is a path and method of the description.
type operation struct {
	path, method string
	*v3.Operation
}

func (s *spec) operations() []operation {
	var list []operation
	for path, item := range s.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			list = append(list, operation{path, strings.ToUpper(method), op})
		}
	}
	return list
}

// schema returns a schema of the components.
func (s *spec) schema(t *testing.T, name string) *base.Schema {
	t.Helper()
	proxy, ok := s.model.Components.Schemas.Get(name)
	if !ok {
		t.Fatalf("there is no schema %s", name)
	}
	return proxy.Schema()
}

func problems(list []*valerrors.ValidationError) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "\n%s: %s", e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			fmt.Fprintf(&b, "\n  %s: %s", s.FieldPath, s.Reason)
		}
	}
	return b.String()
}

func TestDocument(t *testing.T) {
	s := readSpec(t, agentassisttest.NewServer(t, nil))
	if ok, errs := s.validator.ValidateDocument(); !ok {
		t.Errorf("the document is not OpenAPI 3.1:%s", problems(errs))
	}
	if s.model.Version != "3.1.0" {
		t.Errorf("openapi is %s", s.model.Version)
	}
	ids := map[string]bool{}
	for _, op := range s.operations() {
		if op.OperationId == "" || ids[op.OperationId] || len(op.Tags) == 0 || op.Summary == "" || op.Description == "" {
			t.Errorf("%s %s: operationId %q, tags %v, summary %q: each has to be there, and the id once", op.method, op.path, op.OperationId, op.Tags, op.Summary)
		}
		ids[op.OperationId] = true
	}
}

// Every example is what its schema says.
func TestExamples(t *testing.T) {
	s := readSpec(t, agentassisttest.NewServer(t, nil))
	n := 0
	check := func(where string, media *v3.MediaType) {
		if media.Schema == nil {
			t.Errorf("%s has no schema", where)
			return
		}
		for name, example := range media.Examples.FromOldest() {
			var value any
			if err := example.Value.Decode(&value); err != nil {
				t.Errorf("%s, example %s: %v", where, name, err)
				continue
			}
			data, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if ok, errs := schema_validation.NewSchemaValidator(config.WithFormatAssertions()).ValidateSchemaBytes(media.Schema.Schema(), data); !ok {
				t.Errorf("%s, example %s:%s", where, name, problems(errs))
			}
		}
	}
	for _, op := range s.operations() {
		if op.RequestBody != nil {
			for kind, media := range op.RequestBody.Content.FromOldest() {
				check(op.OperationId+" request "+kind, media)
			}
		}
		for code, resp := range op.Responses.Codes.FromOldest() {
			for kind, media := range resp.Content.FromOldest() {
				check(op.OperationId+" "+code+" "+kind, media)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d examples were checked", n)
	}
}

// A path has the methods of the description and no other, and paths beside it
// are not there.
func TestRoutes(t *testing.T) {
	s := agentassisttest.NewServer(t, &agentassisttest.Options{Handler: agentassist.Options{RatePerMinute: -1}})
	methods := map[string][]string{}
	doc := readSpec(t, s)
	for _, op := range doc.operations() {
		methods[op.path] = append(methods[op.path], op.method)
	}
	fill := strings.NewReplacer("{streamId}", s.Stream, "{id}", "anybody")
	for path, has := range methods {
		has = slices.Clone(has)
		if slices.Contains(has, http.MethodGet) {
			has = append(has, http.MethodHead)
		}
		slices.Sort(has)
		for _, m := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			resp := do(t, s, m, fill.Replace(path)+"?format=none&after=none", nil, nil)
			if want := !slices.Contains(has, m); want != (resp.StatusCode == http.StatusMethodNotAllowed) {
				t.Errorf("%s %s: %s; the description has %v", m, path, resp.Status, has)
			}
			if resp.StatusCode == http.StatusMethodNotAllowed {
				allow := strings.Split(resp.Header.Get("Allow"), ", ")
				slices.Sort(allow)
				if !slices.Equal(has, allow) {
					t.Errorf("%s %s: Allow is %v; the description has %v", m, path, allow, has)
				}
			}
		}
		if resp := do(t, s, "GET", fill.Replace(path)+"/beyond/it", nil, nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s/beyond/it: %s", path, resp.Status)
		}
	}
}
