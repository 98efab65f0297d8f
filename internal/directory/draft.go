package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Everything about a record that follows from its attributes and its slug is
// worked out here and nowhere else, before a transaction begins.

// dress sets names, index rows, sort name and search text of a record from its
// attributes; the names that do not come from attributes stay.
func (s *Site) dress(rec *store.Record) {
	names := make([]profile.Name, 0, 6)
	for _, n := range rec.Names {
		if n.Space == profile.Phone && n.Value != textAt(rec.Attrs, "mobileNumber") {
			continue // another number, through whichever face, is not verified
		}
		if !fromAttributes(n.Space) {
			names = append(names, n)
		}
	}
	typ := s.shape(rec).byKind[rec.Type]
	if typ == nil { // ours, without an entity type
		rec.Names = names
		return
	}
	for _, u := range typ.uniques(rec.Attrs) {
		n := profile.Name{Space: profile.UniqueAttribute(rec.Type, u.Path), Value: u.Value}
		if rec.Type == profile.User && u.Path == "email" {
			typed := textAt(rec.Attrs, "email")
			n.Space, n.Value = profile.Email, emailName(typed)
			if typed != n.Value {
				n.Typed = typed
			}
		}
		names = append(names, n)
	}
	rec.Names = names
	rec.Index = s.index(rec)
	rec.Sort, rec.Search = sortAndSearch(rec)
}

// shape gives the types that a record goes by.
func (s *Site) shape(rec *store.Record) *typeTable {
	if t := shapeOf(rec); t != nil {
		return t
	}
	return s.table()
}

func fromAttributes(space profile.Space) bool {
	return space == profile.Email || strings.HasPrefix(string(space), "attr:")
}

// index computes the index rows of a record.
func (s *Site) index(rec *store.Record) []store.Indexed {
	if rec.Type == profile.Document {
		return documentIndex(rec)
	}
	typ := s.shape(rec).byKind[rec.Type]
	if typ == nil {
		return nil
	}
	found := typ.rows(rec.Attrs)
	out := make([]store.Indexed, len(found))
	for i, f := range found {
		out[i] = store.Indexed{Path: f.Path, Value: f.Value}
	}
	if domain := domainOf(textAt(rec.Attrs, "email")); rec.Type == profile.Organization && domain != "" {
		out = append(out, store.Indexed{Path: indexMailDomain, Value: domain})
	}
	return out
}

// undress computes what Save and Remove need to know of a record just read.
func (s *Site) undress(rec *store.Record) {
	rec.Index = s.index(rec)
	_, rec.Search = sortAndSearch(rec)
}

// sortAndSearch folds the name for lists, and what a search looks into: name,
// slug, explicit idtag, e-mail, phone and address. Faces show only those that
// fit in what the caller may see.
func sortAndSearch(rec *store.Record) (sort, search string) {
	if !rec.Type.IsSubject() {
		return rec.Sort, ""
	}
	slug := rec.Name(profile.Slug)
	sort = profile.Fold(personName(rec.Attrs).Whole(slug))
	if len(sort) > 200 {
		sort = strings.ToValidUTF8(sort[:200], "")
	}
	var b strings.Builder
	b.WriteString(sort)
	add := func(part string) {
		if part != "" {
			b.WriteByte('\n')
			b.WriteString(profile.Fold(part))
		}
	}
	add(slug)
	add(rec.Name(profile.IDTag))
	for _, path := range []string{"email", "mobileNumber"} {
		add(textAt(rec.Attrs, path))
	}
	if rawAt(rec.Attrs, "primaryAddress") != nil {
		for _, path := range []string{"address1", "city", "stateAbbreviation", "zip", "country"} {
			add(textAt(rec.Attrs, "primaryAddress."+path))
		}
	}
	return sort, b.String()
}

// numbers hands out numbers of a site's sequence from a block drawn beforehand,
// so that a record is complete before its transaction begins.
type numbers struct {
	mu        sync.Mutex
	next, end int64
}

const numberBlock = 1000

func (s *Site) number(ctx context.Context) (int64, error) { return s.numberOf(ctx, numberBlock) }

// numberOf is number for who needs many: when the block has ended, the next one
// is of this size.
func (s *Site) numberOf(ctx context.Context, block int) (int64, error) {
	s.numbers.mu.Lock()
	defer s.numbers.mu.Unlock()
	if s.numbers.next == s.numbers.end {
		err := s.data.Update(ctx, func(tx store.Tx) error {
			first, err := tx.Numbers(block)
			s.numbers.next, s.numbers.end = first, first+int64(block)
			return err
		})
		if err != nil {
			s.numbers.next, s.numbers.end = 0, 0
			return 0, err
		}
	}
	n := s.numbers.next
	s.numbers.next++
	return n, nil
}

func (s *Site) env(ctx context.Context) schema.Env {
	return schema.Env{Now: s.d.now(), NextNumber: func() (int64, error) { return s.number(ctx) }}
}

// draft begins a record: id, number, times; the caller sets attributes and
// names and dresses it.
func (s *Site) draft(ctx context.Context, t profile.Type, owner, creator profile.ID) (*store.Record, error) {
	n, err := s.number(ctx)
	if err != nil {
		return nil, err
	}
	return s.numberedRecord(n, t, owner, creator), nil
}

// numberedRecord is draft with a number that was drawn before.
func (s *Site) numberedRecord(n int64, t profile.Type, owner, creator profile.ID) *store.Record {
	now := s.d.now()
	id := profile.NewID(now)
	if !owner.IsZero() {
		id = profile.NewIDIn(now, owner.Bucket())
	}
	return &store.Record{
		ID: id, Bucket: id.Bucket(), Type: t, Number: n, Owner: owner, Creator: creator,
		Attrs: emptyObject, Extras: emptyObject, State: profile.Active, Version: 1, Created: now, Updated: now, Shape: s.table(),
		Names: []profile.Name{{Space: profile.Number, Value: strconv.FormatInt(n, 10)}},
	}
}

var emptyObject = []byte("{}")

// setName replaces the record's name in a space; "" removes it.
func setName(rec *store.Record, space profile.Space, typed string) {
	names := make([]profile.Name, 0, len(rec.Names)+1)
	for _, n := range rec.Names {
		if n.Space != space {
			names = append(names, n)
		}
	}
	if typed != "" {
		n := profile.Name{Space: space, Value: profile.Fold(typed)}
		if n.Value != typed {
			n.Typed = typed
		}
		names = append(names, n)
	}
	rec.Names = names
}

// Set is one attribute to write, by dotted path; nil clears it.
type Set struct {
	Path  string
	Value *string
}

// merge makes the nested JSON object that a partial update with these sets is.
func merge(sets []Set) []byte {
	root := map[string]any{}
	for _, set := range sets {
		at := root
		steps := strings.Split(set.Path, ".")
		for _, step := range steps[:len(steps)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[step] = next
			}
			at = next
		}
		if set.Value == nil {
			at[steps[len(steps)-1]] = nil
		} else {
			at[steps[len(steps)-1]] = *set.Value
		}
	}
	return marshal(root)
}

// marshal encodes maps and structs of ours: it cannot fail on them.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("directory: encoding our own value: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// nameSets writes a person's or group's name into attributes.
func nameSets(t profile.Type, n profile.PersonName) []Set {
	sets := []Set{{"displayName", orNil(n.Display)}}
	if t == profile.User {
		sets = append(sets, Set{"givenName", orNil(n.Given)}, Set{"middleName", orNil(n.Middle)}, Set{"familyName", orNil(n.Family)})
	}
	return sets
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// mergeInner adds to the members that an edit replaces the objects of which it
// changes single members.
func mergeInner(extras []byte, in Edit) map[string]json.RawMessage {
	if len(in.Inner) == 0 {
		return in.Extras
	}
	out := map[string]json.RawMessage{}
	for k, v := range in.Extras {
		out[k] = v
	}
	for name, patch := range in.Inner {
		object := map[string]json.RawMessage{}
		if raw := rawAt(extras, in.Face+"."+name); raw != nil {
			if err := json.Unmarshal(raw, &object); err != nil {
				panic("directory: stored extras: " + err.Error())
			}
		}
		for k, v := range patch {
			if string(v) == "null" {
				delete(object, k)
			} else {
				object[k] = v
			}
		}
		out[name] = marshal(object)
	}
	return out
}

// mergeExtras lays the members of patch over those of one face's object (RFC
// 7396 merge patch, one level deep: members are replaced whole).
func mergeExtras(extras []byte, face string, patch map[string]json.RawMessage) []byte {
	if len(patch) == 0 {
		return extras
	}
	all := map[string]map[string]json.RawMessage{}
	if err := json.Unmarshal(extras, &all); err != nil {
		panic("directory: stored extras: " + err.Error())
	}
	mine := all[face]
	if mine == nil {
		mine = map[string]json.RawMessage{}
		all[face] = mine
	}
	for k, v := range patch {
		if string(v) == "null" {
			delete(mine, k)
		} else {
			mine[k] = v
		}
	}
	return marshal(all)
}
