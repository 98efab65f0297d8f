package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// draft works records out, so that they only have to be written.
func (im *Importer) draft(ctx context.Context, records []ImportRecord) (importStep, error) {
	step := importStep{
		at:     records[len(records)-1].At,
		sum:    records[len(records)-1].Sum,
		drafts: make([]store.Creation, 0, len(records)),
		ats:    make([]int64, 0, len(records)),
	}
	types := im.s.table()
	env := im.s.env(ctx)
	env.Required, env.KeepIDs = !im.opts.Optional, true
	env.NextNumber = func() (int64, error) { return im.s.numberOf(ctx, max(numberBlock, len(records))) }
	for i := range records {
		if err := ctx.Err(); err != nil {
			return importStep{}, err
		}
		in := &records[i]
		made, err := im.draftOne(ctx, types, in, env)
		switch kind := profile.AsError(err).Kind; {
		case err == nil:
			step.drafts, step.ats = append(step.drafts, made), append(step.ats, in.At)
		case kind == profile.Internal || kind == profile.Busy:
			return importStep{}, err
		default:
			step.rejects = append(step.rejects, ImportReject{in.At, err})
		}
	}
	return step, nil
}

// draftOne works one record out.
func (im *Importer) draftOne(ctx context.Context, types *typeTable, in *ImportRecord, env schema.Env) (c store.Creation, err error) {
	s := im.s
	if in.Err != nil {
		return c, in.Err
	}
	kind, typ, err := importedType(types, in.Type)
	if err != nil {
		return c, err
	}
	hash, attrs := in.Hash, in.Attrs
	if len(attrs) == 0 {
		attrs = emptyObject
	}
	created := in.Created
	if typ != nil {
		w, err := typ.typ.Create(attrs, env)
		if err != nil {
			return c, err
		}
		if hash == "" {
			if hash, err = s.passwordOf(ctx, w); err != nil {
				return c, err
			}
		}
		if created.IsZero() && w.Created != nil {
			created = *w.Created
		}
		attrs, c.Highest = w.Attrs, w.Highest
	} else if err := checkObject("attrs", attrs); err != nil {
		return c, err
	}
	n := in.Number
	switch {
	case n < 0 || n > maxImportNumber:
		return c, profile.E(profile.Invalid, profile.CodeInvalid, "id", "not a number that a record can have: %d", n)
	case c.Highest > maxImportNumber:
		return c, profile.E(profile.Invalid, profile.CodeInvalid, "id", "not a number that an element can have: %d", c.Highest)
	case n == 0:
		if n, err = env.NextNumber(); err != nil {
			return c, err
		}
	}
	rec := s.numberedRecord(n, kind, in.Owner, in.Creator)
	c.Record, rec.Attrs, rec.Shape = rec, attrs, types
	if in.Creator.IsZero() {
		rec.Creator = im.opts.Actor
	}
	if !in.ID.IsZero() {
		rec.ID, rec.Bucket = in.ID, in.ID.Bucket()
		if !in.Owner.IsZero() {
			rec.Bucket = 0 // its owner's, whatever the id says
		}
	}
	if err := in.times(rec, created); err != nil {
		return c, err
	}
	if err := in.rest(rec); err != nil {
		return c, err
	}
	if err := s.importNames(rec, in); err != nil {
		return c, err
	}
	s.dress(rec)
	if typ == nil {
		rec.Index = s.index(rec)
		if err := s.importKind(rec); err != nil {
			return c, err
		}
	}
	if err := in.proofs(&c, hash); err != nil {
		return c, err
	}
	c.Event = s.event(im.opts.Actor, types.nameOf(kind)+".created", rec.ID)
	return c, nil
}

// maxImportNumber is the highest number that a record brings. The site's sequence
// goes on behind it, and every JSON number up to 1<<53 is an integer everywhere
// (RFC 8259, section 6): half of them are left.
const maxImportNumber = 1 << 52

// importedType finds what a record is to be; typ is nil for one of ours that has
// no entity type.
func importedType(types *typeTable, name string) (kind profile.Type, typ *entityType, err error) {
	if slices.Contains(importable, profile.Type(name)) {
		return profile.Type(name), nil, nil
	}
	if kind := profile.Type(name); kind.IsSubject() {
		return kind, types.byKind[kind], nil
	}
	if typ, err = types.named(name); err != nil {
		return "", nil, err
	}
	return typ.kind, typ, nil
}

// importable are the types without an entity type whose records are data of
// people, not of the site's own running.
var importable = []profile.Type{profile.Household, profile.Document, profile.Plan, profile.App,
	profile.RoleType, profile.Agreement, profile.Note}

// checkObject says whether a text is a JSON object.
func checkObject(field string, raw []byte) error {
	if err := schema.CheckJSON(raw, schema.MaxDocumentDepth); err != nil {
		return profile.E(profile.Malformed, profile.CodeSyntax, field, "the JSON is not syntactically valid")
	}
	if bytes.TrimLeft(raw, " \t\r\n")[0] != '{' {
		return profile.E(profile.Invalid, profile.CodeType, field, "not a JSON object")
	}
	return nil
}

// times gives a record the times that it brings.
func (in *ImportRecord) times(rec *store.Record, created time.Time) error {
	for _, t := range []time.Time{created, in.Updated, in.Login} {
		if !t.IsZero() && (t.Year() < 1 || t.Year() > 9999) {
			return profile.E(profile.Invalid, profile.CodeDateTime, "created", "not a time that a record can have")
		}
	}
	if !created.IsZero() {
		rec.Created = created.UTC().Truncate(time.Microsecond)
	}
	if !in.Updated.IsZero() {
		rec.Updated = in.Updated.UTC().Truncate(time.Microsecond)
	} else if !in.Created.IsZero() {
		rec.Updated = rec.Created
	}
	if !in.Login.IsZero() {
		rec.LastLogin = in.Login.UTC().Truncate(time.Microsecond)
	}
	return nil
}

// rest gives a record its state and extras.
func (in *ImportRecord) rest(rec *store.Record) error {
	switch in.State {
	case "":
	case profile.Active, profile.Disabled, profile.Banned:
		rec.State = in.State
	default:
		return profile.E(profile.Invalid, profile.CodeChoice, "state", "not a state: %s", in.State)
	}
	if len(in.Extras) == 0 {
		return nil
	}
	if err := checkObject("extras", in.Extras); err != nil {
		return err
	}
	if rec.Type == profile.Document {
		rec.Extras = in.Extras
		if k, err := keptOf(rec); err != nil || !k.Import.IsZero() || k.Was != nil {
			return profile.E(profile.Invalid, profile.CodeType, "extras", "not what is kept of a document")
		}
		return nil
	}
	var faces map[string]map[string]json.RawMessage
	if err := json.Unmarshal(in.Extras, &faces); err != nil {
		return profile.E(profile.Invalid, profile.CodeType, "extras", "not an object of objects")
	}
	rec.Extras = in.Extras
	return nil
}

// importNames gives a record the names that it brings.
func (s *Site) importNames(rec *store.Record, in *ImportRecord) error {
	if !rec.Type.IsSubject() {
		if in.Slug != "" || in.IDTag != "" || in.Phone != "" {
			return profile.E(profile.Invalid, profile.CodeInvalid, "slug", "a %s has no such name", rec.Type)
		}
		for _, n := range in.Names {
			if n.Value == "" && !n.Owned || n.Space == "" || n.Space == profile.Number || fromAttributes(n.Space) ||
				n.Space == profile.IDTag || n.Space == profile.Slug || n.Owned && rec.Owner.IsZero() {
				return profile.E(profile.Invalid, profile.CodeInvalid, "names", "not a name that it can bring: %s", n.Space)
			}
			rec.Names = append(rec.Names, n)
		}
		return nil
	}
	if len(in.Names) > 0 || !in.Owner.IsZero() {
		return profile.E(profile.Invalid, profile.CodeInvalid, "names", "a %s has no such name", rec.Type)
	}
	slug := in.Slug
	if in.IDTag != "" {
		local, _, err := s.claim(rec, in.IDTag)
		if err != nil {
			return err
		}
		if slug != "" && local != "" && profile.Fold(slug) != local {
			return profile.E(profile.Invalid, profile.CodeInvalid, "idTag", "under the site's domain the idTag is the slug")
		}
		if slug == "" {
			slug = local
		}
	}
	if slug == "" {
		slug = numbered(rec)
	} else if err := checkSlug(slug); err != nil {
		return err
	}
	setName(rec, profile.Slug, slug)
	if in.Phone != "" {
		if rec.Type != profile.User || textAt(rec.Attrs, "mobileNumber") != in.Phone {
			return profile.E(profile.Invalid, profile.CodeInvalid, "phone", "not the number in mobileNumber")
		}
		setName(rec, profile.Phone, in.Phone)
	}
	return nil
}

// proofs gives a record its password and its role on itself.
func (in *ImportRecord) proofs(c *store.Creation, hash string) error {
	rec := c.Record
	if hash != "" {
		if in.Hash != "" {
			if rec.Type[0] == '$' && rec.Type != profile.User {
				return profile.E(profile.Invalid, profile.CodeInvalid, passwordSecret, "a %s has no password", rec.Type)
			}
			if err := credential.Check(hash); err != nil {
				return profile.E(profile.Invalid, profile.CodeConstraint, passwordSecret, "this kind of password hash cannot be taken over: %s", credential.Kind(hash))
			}
		}
		rec.Password = credential.Kind(hash)
		c.Secrets = []*store.Secret{{Subject: rec.ID, Kind: passwordSecret, Data: []byte(hash), Created: rec.Created}}
	}
	if in.Personal {
		if rec.Type != profile.User {
			return profile.E(profile.Invalid, profile.CodeInvalid, "type", "only a user is a profile too")
		}
		c.Links = []*store.Link{roleLink(rec.ID, rec.ID, RoleManager, rec.Created)}
	}
	return nil
}
