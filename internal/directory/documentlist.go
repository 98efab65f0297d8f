package directory

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math"

	"facet/internal/access"
	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/store"
)

// Bounds on a page of an app's documents.
const (
	MaxDocumentPage     = 1000     // documents
	DefaultDocumentPage = 100      //
	documentPageBytes   = 8 << 20  // of documents, after which a page ends
	documentsLooked     = 10_000   // documents looked at for one page of a filter
	MaxDocumentFilter   = 16 << 10 // bytes
)

// DocumentQuery asks for a page of an app's documents.
type DocumentQuery struct {
	App    int64
	Filter []byte // JSON that the documents contain (jsondoc.Contains); nil: any
	After  string // of the page before; "": from the first
	Limit  int    // 1 to MaxDocumentPage; 0: DefaultDocumentPage
}

// DocumentPage is a page of documents in a lasting order.
type DocumentPage struct {
	Documents []Document
	Next      string // where the next page begins; "" after the last
}

// Documents lists an app's documents, for an operator. A page may have fewer
// than Limit, or none, and a next one: it ends after so many bytes, and after
// so many documents that the filter does not let through. Errors: NotFound with
// Field "app_id", Invalid with Field "limit", "cursor" or "filter".
func (s *Site) Documents(ctx context.Context, who access.Principal, q DocumentQuery) (DocumentPage, error) {
	if err := s.MayDocuments(ctx, who); err != nil {
		return DocumentPage{}, err
	}
	return s.documentPage(ctx, q, func(d *Document) bool { return q.Filter == nil || jsondoc.Contains(d.Data, q.Filter) })
}

// documentPage walks the documents of an app, and keeps those that fit.
func (s *Site) documentPage(ctx context.Context, q DocumentQuery, fits func(*Document) bool) (DocumentPage, error) {
	if q.Limit == 0 {
		q.Limit = DefaultDocumentPage
	}
	if q.Limit < 1 || q.Limit > MaxDocumentPage {
		return DocumentPage{}, profile.E(profile.Invalid, profile.CodeInvalid, "limit", "limit is 1 to %d.", MaxDocumentPage)
	}
	place, err := parseCursor(q.After, 8)
	if err != nil {
		return DocumentPage{}, err
	}
	after := int64(0)
	if place != nil {
		after = int64(binary.BigEndian.Uint64(place) >> 1) // any eight bytes are a place
	}
	var page DocumentPage
	err = s.data.Glance(ctx, nil, func(r store.Reader) error {
		page = DocumentPage{Documents: []Document{}}
		if err := appExists(r, q.App); err != nil {
			return err
		}
		last, size := after, 0
		for looked := 0; ; {
			ids, err := documentsOf(r, indexApp, documentName(q.App), last, q.Limit)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := ctx.Err(); err != nil {
					return err
				}
				rec, err := r.Record(id)
				if err != nil {
					return err
				}
				st, err := s.stands(r, rec)
				if err != nil {
					return err
				}
				last, looked = rec.Number, looked+1
				if st.doc != nil && fits(st.doc) {
					page.Documents = append(page.Documents, *st.doc)
					size += len(st.doc.Data)
				}
				if len(page.Documents) == q.Limit || size >= documentPageBytes || looked == documentsLooked {
					page.Next = cursorOf(binary.BigEndian.AppendUint64(nil, uint64(last)<<1))
					return nil
				}
			}
			if len(ids) < q.Limit {
				return nil
			}
		}
	})
	return page, err
}

// documentsOf lists documents with an index value by number, after one of them.
func documentsOf(r store.Reader, path, value string, after int64, limit int) ([]profile.ID, error) {
	var numbers []int64
	err := r.Holders(profile.Document, path, value, after+1, math.MaxInt64, false, func(number int64) bool {
		numbers = append(numbers, number)
		return len(numbers) < limit
	})
	if err != nil {
		return nil, err
	}
	ids := make([]profile.ID, 0, len(numbers))
	for _, n := range numbers {
		err := r.Brief(profile.Document, n, n, false, func(rec *store.Record) bool {
			ids = append(ids, rec.ID)
			return false
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// cursorOf writes a place in a list, parseCursor reads one of so many bytes: nil
// of "". Errors: Invalid with Field "cursor".
func cursorOf(place []byte) string { return base64.RawURLEncoding.EncodeToString(place) }

func parseCursor(text string, size int) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != size {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "cursor", "This is no cursor of this list.")
	}
	return b, nil
}

// SchemaReport says which documents of an app break a schema, page by page.
type SchemaReport struct {
	Checked int // documents
	Broken  []BrokenDocument
	Next    string // where the next page begins; "" after the last
}

// BrokenDocument is a document that breaks a schema.
type BrokenDocument struct {
	DocumentPlace
	Violations []Violation
}

// maxBrokenPage is how many documents one page of a report looks at.
const maxBrokenPage = 1000

// TrySchema holds documents of an app against a schema, its own when text is
// nil, and changes nothing. Errors: NotFound with Field "app_id"; Missing or
// Invalid with Field "schema"; Invalid with Field "cursor".
func (o AppAdmin) TrySchema(ctx context.Context, id int64, text []byte, cursor string) (SchemaReport, error) {
	s := o.s
	app, err := s.appEntry(ctx, id)
	if err != nil {
		return SchemaReport{}, err
	}
	against := app.schema
	if text != nil {
		if against, err = compileSchema(text); err != nil {
			return SchemaReport{}, err
		}
	}
	if against == nil {
		return SchemaReport{}, profile.E(profile.Missing, profile.CodeRequired, "schema", "The app has no schema, and the request names none.")
	}
	out := SchemaReport{Broken: []BrokenDocument{}}
	page, err := s.documentPage(ctx, DocumentQuery{App: id, After: cursor, Limit: maxBrokenPage}, func(*Document) bool { return true })
	if err != nil {
		return SchemaReport{}, err
	}
	out.Next = page.Next
	for i := range page.Documents {
		d := &page.Documents[i]
		if err := ctx.Err(); err != nil {
			return SchemaReport{}, err
		}
		out.Checked++
		if found := against.violations(d.Data, nil); found != nil {
			out.Broken = append(out.Broken, BrokenDocument{d.DocumentPlace, found})
		}
	}
	return out, nil
}
