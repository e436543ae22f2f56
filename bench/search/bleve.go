package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/analysis/token/edgengram"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/character"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/single"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
	blevequery "github.com/blevesearch/bleve/v2/search/query"
	"github.com/google/uuid"

	"github.com/callerbook/contacts/bench/internal/people"
)

// bleveIndex is an index of bleve on disk, which also keeps the contacts. Its
// words are found in two fields, its numbers in three.
type bleveIndex struct {
	index bleve.Index
	words analysis.Analyzer
}

// The fields that are searched. The others are only kept.
const (
	fieldWords    = "words"
	fieldBegun    = "begun"    // words, by their first letters
	fieldNumber   = "number"   // by its first digits
	fieldNational = "national" // likewise
	fieldReversed = "reversed"
)

// Analyzers. A prefix query looks at each word that begins so, which are very
// many for one letter, and all numbers for one digit. So short beginnings are
// terms of their own, as in FTS5's prefix index.
const (
	analyzerWords  = "contact_words"
	analyzerBegun  = "contact_begun"
	analyzerDigits = "contact_digits"

	begunLetters = 3
)

// The tokenizer for words has the name of their analyzer. bleve's "unicode"
// would not part an e-mail address at its dots.
func init() {
	err := registry.RegisterTokenizer(analyzerWords, func(map[string]interface{}, *registry.Cache) (analysis.Tokenizer, error) {
		return character.NewCharacterTokenizer(func(r rune) bool { return !separates(r) }), nil
	})
	if err != nil {
		panic(err)
	}
}

// bleveMapping indexes what is asked for and nothing else: no positions, no
// norms, no columns to sort by.
func bleveMapping() (*mapping.IndexMappingImpl, error) {
	m := bleve.NewIndexMapping()
	edge := func(n int) map[string]interface{} {
		return map[string]interface{}{"type": edgengram.Name, "min": 1.0, "max": float64(n)}
	}
	analyzer := func(tokenizer string, filters ...string) map[string]interface{} {
		return map[string]interface{}{
			"type": custom.Name, "char_filters": []string{asciifolding.Name}, "tokenizer": tokenizer, "token_filters": filters,
		}
	}
	if err := errors.Join(
		m.AddCustomTokenFilter("begun", edge(begunLetters)),
		m.AddCustomTokenFilter("front", edge(maxFront)),
		m.AddCustomAnalyzer(analyzerWords, analyzer(analyzerWords, lowercase.Name)),
		m.AddCustomAnalyzer(analyzerBegun, analyzer(analyzerWords, lowercase.Name, "begun")),
		m.AddCustomAnalyzer(analyzerDigits, analyzer(single.Name, "front")),
	); err != nil {
		return nil, err
	}
	indexed := func(name, analyzer string) *mapping.FieldMapping {
		return &mapping.FieldMapping{Name: name, Type: "text", Analyzer: analyzer, Index: true, SkipFreqNorm: true}
	}
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt(fieldWords, indexed(fieldWords, analyzerWords), indexed(fieldBegun, analyzerBegun))
	doc.AddFieldMappingsAt(fieldNumber, indexed(fieldNumber, analyzerDigits))
	doc.AddFieldMappingsAt(fieldNational, indexed(fieldNational, analyzerDigits))
	doc.AddFieldMappingsAt(fieldReversed, indexed(fieldReversed, keyword.Name))
	for _, name := range []string{"first", "last", "salutation", "org", "email", "phone", "code", "extension", "created_by", "status", "created", "updated"} {
		doc.AddFieldMappingsAt(name, &mapping.FieldMapping{Type: "text", Analyzer: keyword.Name, Store: true})
	}
	m.DefaultMapping = doc
	return m, nil
}

func (s *bleveIndex) name() string { return inBleve }

func (s *bleveIndex) can(k kind) bool {
	return k == kindWords || k == kindTypo || k == kindFront || k == kindLast
}

func (s *bleveIndex) open(dir string) error {
	m, err := bleveMapping()
	if err != nil {
		return err
	}
	if s.index, err = bleve.NewUsing(filepath.Join(dir, "bleve"), m, scorch.Name, scorch.Name, nil); err != nil {
		return err
	}
	s.words = m.AnalyzerNamed(analyzerWords)
	return nil
}

func (s *bleveIndex) close() error { return s.index.Close() }

// load writes batches, and merges the segments that they leave to one.
func (s *bleveIndex) load(list []contact) error {
	const rows = 5000
	for len(list) > 0 {
		batch := s.index.NewBatch()
		n := min(rows, len(list))
		for i := range list[:n] {
			id, err := uuid.NewV7()
			if err == nil {
				err = batch.Index(id.String(), bleveDocument(&list[i]))
			}
			if err != nil {
				return err
			}
		}
		if err := s.index.Batch(batch); err != nil {
			return err
		}
		list = list[n:]
	}
	inner, err := s.index.Advanced()
	if err != nil {
		return err
	}
	sc, ok := inner.(*scorch.Scorch)
	if !ok {
		return fmt.Errorf("the index is a %T", inner)
	}
	return sc.ForceMerge(context.Background(), nil)
}

func bleveDocument(c *contact) map[string]interface{} {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return map[string]interface{}{
		fieldWords:  c.First + " " + c.Last + " " + c.org + " " + c.email,
		fieldNumber: c.Digits(), fieldNational: c.National, fieldReversed: people.Reversed(c.Digits()),
		"phone": c.Number(), "first": c.First, "last": c.Last, "salutation": c.Salutation, "org": c.org, "email": c.email,
		"code": "+" + c.Code, "extension": "+", "created_by": people.Author, "status": "ACTIVE", "created": now, "updated": now,
	}
}

func (s *bleveIndex) ask(q *query) (answer, error) {
	switch q.kind {
	case kindWords, kindTypo:
		words := s.words.Analyze([]byte(q.text))
		var all []blevequery.Query
		for _, w := range words {
			if utf8.RuneCount(w.Term) <= begunLetters {
				all = append(all, bleveTerm(fieldBegun, string(w.Term)))
			} else {
				all = append(all, blevePrefix(fieldWords, string(w.Term)))
			}
		}
		a, err := s.search(conjunction(all))
		if err != nil || len(a.numbers) > 0 || q.kind == kindWords {
			return a, err
		}
		// As ours does: an error is allowed where nothing was found.
		all = all[:0]
		for _, w := range words {
			f := bleve.NewFuzzyQuery(string(w.Term))
			f.SetField(fieldWords)
			f.SetFuzziness(1)
			all = append(all, f)
		}
		return s.search(conjunction(all))
	case kindFront:
		digits, plus := frontDigits(q.text)
		if plus {
			return s.search(bleveTerm(fieldNumber, digits))
		}
		return s.search(bleve.NewDisjunctionQuery(bleveTerm(fieldNumber, digits), bleveTerm(fieldNational, digits)))
	case kindLast:
		return s.search(blevePrefix(fieldReversed, people.Reversed(q.text)))
	}
	return answer{}, errKind
}

func blevePrefix(field, text string) blevequery.Query {
	q := bleve.NewPrefixQuery(text)
	q.SetField(field)
	return q
}

func bleveTerm(field, text string) blevequery.Query {
	q := bleve.NewTermQuery(text)
	q.SetField(field)
	return q
}

func conjunction(all []blevequery.Query) blevequery.Query {
	if len(all) == 1 {
		return all[0]
	}
	return bleve.NewConjunctionQuery(all...)
}

// search does without scores, so that bleve may end with the first hits.
func (s *bleveIndex) search(q blevequery.Query) (answer, error) {
	req := bleve.NewSearchRequestOptions(q, limit, 0, false)
	req.Score = bleve.ScoreNone
	req.Fields = []string{"*"}
	res, err := s.index.Search(req)
	if err != nil {
		return answer{}, err
	}
	a := answer{numbers: make([]string, len(res.Hits))}
	for i, h := range res.Hits {
		number, ok := h.Fields["phone"].(string)
		if !ok {
			return answer{}, fmt.Errorf("a hit without a number: %s", h.ID)
		}
		a.numbers[i] = number
	}
	return a, nil
}
