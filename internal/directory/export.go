package directory

import (
	"bytes"
	"context"
	"math"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Records go out as the importer takes them in: what is made of an export in an
// empty site is exported as the same again.

// ExportOptions say which records go out.
type ExportOptions struct {
	Type   string // name of an entity type, or one of ours that have none, with its $
	Filter string // in the entity grammar; "": all. Only of entity types
	Hashes bool   // with the hashes of passwords
}

// exportStep is how many records are looked at in one view.
const exportStep = 500

// installation is who acts by the command line: whoever has the data folder
// has all of it.
var installation = access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}

// ExportTypes lists the types whose records can be exported: what others belong
// to comes first.
func (s *Site) ExportTypes() []string {
	out := []string{"organization", "user", "community"}
	var own []string
	for kind, of := range s.table().byKind {
		if kind[0] != '$' && !of.isGone() {
			own = append(own, of.typ.Name)
		}
	}
	slices.Sort(own)
	for i, name := range out { // a type of the site's own hides ours of the name
		if slices.Contains(own, name) {
			out[i] = "$" + name
		}
	}
	out = append(out, own...)
	for _, kind := range []profile.Type{profile.App, profile.Agreement, profile.RoleType, profile.Plan, profile.Household, profile.Note, profile.Document} {
		out = append(out, string(kind))
	}
	return out
}

// Export calls fn with every record of a type that a filter selects, by number.
// The record is valid only during the call; At is its number. Records that are
// made or changed meanwhile may be in it or not. Errors: Unknown for the type,
// those of the filter and of fn.
func (s *Site) Export(ctx context.Context, o ExportOptions, fn func(*ImportRecord) error) error {
	for after := int64(math.MinInt64); ; {
		w, err := steady(s, func() (exportWindow, error) { return s.exportSome(ctx, o, after) })
		if err != nil {
			return err
		}
		for i := range w.records {
			if err := fn(&w.records[i]); err != nil {
				return err
			}
		}
		if w.last == after {
			return nil
		}
		after = w.last
	}
}

// exportWindow is some records of an export, and the number of the last one that
// was looked at.
type exportWindow struct {
	records []ImportRecord
	last    int64
}

// exportSome looks at the next records after a number, and gives those that
// are selected: last is after itself when there are no more.
func (s *Site) exportSome(ctx context.Context, o ExportOptions, after int64) (w exportWindow, err error) {
	types := s.table()
	kind, of, err := importedType(types, o.Type)
	if err != nil {
		return w, err
	}
	match, name := func(*store.Record) bool { return true }, o.Type
	if of != nil {
		if name = of.typ.Name; types.byName[name] != of {
			name = string(kind)
		}
	} else if o.Filter != "" {
		return w, profile.E(profile.Invalid, profile.CodeInvalid, "filter", "records of %s are not filtered", o.Type)
	}
	if o.Filter != "" {
		f, err := s.search(access.EntityFind, installation, name, o.Filter)
		if err != nil {
			return w, err
		}
		match = f.matcher()
	}
	w.last = after
	if after == math.MaxInt64 {
		return w, nil
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		w = exportWindow{last: after}
		var some []*store.Record
		seen := 0
		err := r.ByNumber(kind, after+1, math.MaxInt64, false, func(rec *store.Record) bool {
			w.last = rec.Number
			if match(rec) {
				some = append(some, cloneRecord(rec))
			}
			seen++
			return seen < exportStep
		})
		if err != nil {
			return err
		}
		for _, rec := range some {
			one, counts, err := s.exported(r, rec, name, o.Hashes)
			if err != nil {
				return err
			}
			if counts {
				w.records = append(w.records, one)
			}
		}
		return nil
	})
	return w, err
}

func cloneRecord(rec *store.Record) *store.Record {
	out := *rec
	out.Attrs, out.Extras, out.Names = bytes.Clone(rec.Attrs), bytes.Clone(rec.Extras), slices.Clone(rec.Names)
	return &out
}

// exported makes of a record what the importer would make it of; counts is false
// for one that does not count: a document of an import that is not done.
func (s *Site) exported(r store.Reader, rec *store.Record, typeName string, hashes bool) (out ImportRecord, counts bool, err error) {
	out = ImportRecord{
		At: rec.Number, Type: typeName, ID: rec.ID, Number: rec.Number, Owner: rec.Owner, Creator: rec.Creator,
		Created: rec.Created, Updated: rec.Updated, Login: rec.LastLogin, Attrs: rec.Attrs,
	}
	if rec.State != profile.Active {
		out.State = rec.State
	}
	if string(rec.Extras) != string(emptyObject) {
		out.Extras = rec.Extras
	}
	switch {
	case rec.Type.IsSubject():
		out.Slug, out.IDTag, out.Phone = rec.Name(profile.Slug), rec.Name(profile.IDTag), rec.Name(profile.Phone)
	case rec.Type[0] == '$':
		for _, n := range rec.Names {
			if n.Space != profile.Number {
				out.Names = append(out.Names, n)
			}
		}
	}
	if rec.Type == profile.User {
		if out.Personal, err = isPersonal(r, rec.ID); err != nil {
			return out, false, err
		}
	}
	if rec.Type == profile.Document {
		if counts, err = s.exportedDocument(r, rec, &out); err != nil || !counts {
			return out, false, err
		}
	}
	if hashes && rec.Password != "" {
		secret, err := r.Secret(rec.ID, passwordSecret, "")
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return out, false, err
		}
		if err == nil {
			out.Hash = string(secret.Data)
		}
	}
	return out, true, nil
}

// exportedDocument gives what counts of a document that an import wrote.
func (s *Site) exportedDocument(r store.Reader, rec *store.Record, out *ImportRecord) (counts bool, err error) {
	st, err := s.stands(r, rec)
	if err != nil || st.doc == nil {
		return false, err
	}
	k := documentKept{}
	if !st.doc.Member.IsZero() {
		k.Account = st.doc.User
	}
	out.Attrs, out.Updated, out.Extras = st.doc.Data, st.doc.Updated, nil
	if k != (documentKept{}) {
		out.Extras = k.extras()
	}
	return true, nil
}

// ExportColumns gives the attributes of an entity type that are the columns of a
// table: each leaf outside of plurals, and each plural as a whole. Errors:
// Unknown; Invalid for a type of ours that has no attributes.
func (s *Site) ExportColumns(typeName string) ([]*schema.Attribute, error) {
	typ, err := s.ImportType(typeName)
	if err != nil {
		return nil, err
	}
	if typ == nil {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "type", "records of %s are no table: export them as JSON lines", typeName)
	}
	return typ.Leaves(), nil
}
