package directory

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Entity is a record as its entity type shows it.
type Entity struct {
	ID     profile.ID
	Number int64

	typ   *schema.Type
	attrs []byte
	head  schema.Head
}

func (s *Site) entityOf(rec *store.Record) Entity {
	return Entity{
		ID: rec.ID, Number: rec.Number, typ: s.shape(rec).typeOf(rec.Type), attrs: rec.Attrs,
		head: schema.Head{Number: rec.Number, UUID: rec.ID, Created: rec.Created, Updated: rec.Updated, Password: rec.Password},
	}
}

// Render appends the whole record as JSON.
func (e *Entity) Render(dst []byte) []byte { return e.typ.Render(dst, e.attrs, e.head) }

// RenderSchema appends the record's entity type as JSON, reserved attributes
// included.
func (e *Entity) RenderSchema(dst []byte) []byte {
	dst = schema.AppendString(append(dst, `{"name":`...), e.typ.Name)
	dst = schema.AppendDefs(append(dst, `,"attr_defs":`...), e.typ.AllDefs())
	return append(dst, '}')
}

// RenderAt appends the value at a path. Errors: Unknown, NotFound.
func (e *Entity) RenderAt(dst []byte, path string) ([]byte, error) {
	p, err := schema.ParsePath(path)
	if err != nil {
		return dst, err
	}
	return e.typ.RenderAt(dst, e.attrs, e.head, p)
}

// RenderOnly appends just the attributes named.
func (e *Entity) RenderOnly(dst []byte, v *schema.View) []byte {
	return v.Render(dst, e.attrs, e.head)
}

// View prepares a list of attribute paths of the record's type, as the caller
// may read it. Errors: Unknown.
func (e *Entity) View(attributes []string) (*schema.View, error) { return viewOf(e.typ, attributes) }

func viewOf(typ *schema.Type, attributes []string) (*schema.View, error) {
	paths := make([]schema.Path, len(attributes))
	for i, a := range attributes {
		var err error
		if paths[i], err = schema.ParsePath(a); err != nil {
			return nil, err
		}
	}
	return typ.Only(paths)
}

// Selector names one record: exactly one of its members is set.
type Selector struct {
	ID     profile.ID
	Number int64
	Key    string // path of a unique attribute
	Value  []byte // its value, as JSON
	Own    bool   // the caller's own record, by its token
}

// Guards must be what the record holds, or the change is refused (CodeTimestampMismatch).
type Guards struct {
	Created, Updated string // any form of date and time; "" does not guard
}

// Password asks, with a read, whether a password is the record's.
type Password struct{ Attribute, Value string }

// CreateEntity makes a record of a type from attributes, as JSON.
func (s *Site) CreateEntity(ctx context.Context, who access.Principal, typeName string, attrs []byte) (Entity, error) {
	if err := access.Admit(access.EntityCreate, who); err != nil {
		return Entity{}, err
	}
	if err := mayMake(who, typeName); err != nil {
		return Entity{}, err
	}
	types := s.table()
	of, err := types.named(typeName)
	if err != nil {
		return Entity{}, err
	}
	typ, err := s.writable(ctx, who, of.typ)
	if err == nil {
		err = writesSome(typ)
	}
	if err != nil {
		return Entity{}, err
	}
	d, err := s.draftEntity(ctx, who, types, of, typ, attrs, s.env(ctx))
	if err != nil {
		return Entity{}, err
	}
	if err := s.data.Update(ctx, d.create); err != nil {
		return Entity{}, attributeError(err)
	}
	return s.entityFor(who, d.rec), nil
}

// newEntity is a record that is complete and only has to be written.
type newEntity struct {
	rec   *store.Record
	hash  string // of its password, "" for none
	event store.Event
}

// draftEntity works out a record of a type from its attributes, as JSON; typ is
// the type as the caller may write to it.
func (s *Site) draftEntity(ctx context.Context, who access.Principal, types *typeTable, of *entityType, typ *schema.Type, attrs []byte, env schema.Env) (*newEntity, error) {
	env.Required = true
	w, err := typ.Create(attrs, env)
	if err != nil {
		return nil, err
	}
	hash, err := s.passwordOf(ctx, w)
	if err != nil {
		return nil, err
	}
	n, err := env.NextNumber()
	if err != nil {
		return nil, err
	}
	rec := s.numberedRecord(n, of.kind, profile.ID{}, who.Subject)
	rec.Attrs, rec.Shape = w.Attrs, types
	if w.Created != nil {
		rec.Created = w.Created.Truncate(time.Microsecond)
	}
	if hash != "" {
		rec.Password = credential.Kind(hash)
	}
	if of.kind.IsSubject() {
		setName(rec, profile.Slug, numbered(rec))
	}
	s.dress(rec)
	return &newEntity{rec, hash, s.event(who.Subject, typ.Name+".created", rec.ID)}, nil
}

// create writes the record. A name in use is Taken, and nothing is left.
func (d *newEntity) create(tx store.Tx) error {
	if err := tx.Create(d.rec, d.event); err != nil || d.hash == "" {
		return err
	}
	return tx.PutSecret(d.password())
}

// creation is the record as one of many.
func (d *newEntity) creation() store.Creation {
	c := store.Creation{Record: d.rec, Event: d.event}
	if d.hash != "" {
		c.Secrets = []*store.Secret{d.password()}
	}
	return c
}

func (d *newEntity) password() *store.Secret {
	return &store.Secret{Subject: d.rec.ID, Kind: passwordSecret, Data: []byte(d.hash), Created: d.rec.Updated}
}

// passwordOf gives the hash to store for what was written to the attribute
// password: "" when nothing was, or when it was cleared.
func (s *Site) passwordOf(ctx context.Context, w schema.Written) (string, error) {
	v, ok := w.Passwords[passwordSecret]
	switch {
	case !ok || v.Clear:
		return "", nil
	case v.Plain != "":
		return s.hashPassword(ctx, passwordSecret, v.Plain)
	case v.Salt != "" || credential.Check(v.Value) != nil || credential.Kind(v.Value) != v.Type:
		return "", profile.E(profile.Invalid, profile.CodeConstraint, passwordSecret, "this kind of password hash cannot be taken over: %s", v.Type)
	default:
		return v.Value, nil
	}
}

// attributeError names the attribute, where the store names the name space.
func attributeError(err error) error {
	e := profile.AsError(err)
	if e.Kind != profile.Taken {
		return err
	}
	named := *e
	if rest, ok := strings.CutPrefix(e.Field, "attr:"); ok {
		_, named.Field, _ = strings.Cut(rest, ":")
		named.Field, _, _ = strings.Cut(named.Field, ",") // the first of those that are unique together
	}
	return &named
}

// Entity reads one record; typeName "" with Own is the caller's type.
func (s *Site) Entity(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards, pw *Password) (Entity, error) {
	rec, err := s.selected(ctx, access.EntityRead, who, typeName, sel)
	if err != nil {
		return Entity{}, err
	}
	if err := s.guard(rec, g); err != nil {
		return Entity{}, err
	}
	if pw != nil {
		if err := s.checkEntityPassword(ctx, who, rec, *pw); err != nil {
			return Entity{}, err
		}
	}
	return s.entityFor(who, rec), nil
}

// selected reads the record that a selector names, for a caller who may do
// perm with it. Errors: NotFound; Invalid with Field "key_attribute" or
// "key_value".
func (s *Site) selected(ctx context.Context, perm access.Permission, who access.Principal, typeName string, sel Selector) (*store.Record, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	if sel.Own || !who.Client { // a token shows its own record and no other
		if err := access.Allow(perm, who, access.Self); err != nil {
			return nil, err
		}
		rec, err := s.data.GetID(ctx, who.Subject)
		if err == nil {
			_, err = s.typeFor(rec)
		}
		return rec, err
	}
	rec, err := s.selectedOf(ctx, who, typeName, sel)
	if err != nil {
		return nil, err
	}
	return rec, access.Allow(perm, who, 0)
}

func (s *Site) selectedOf(ctx context.Context, who access.Principal, typeName string, sel Selector) (*store.Record, error) {
	for {
		types := s.table()
		of, err := types.named(typeName)
		if err != nil {
			return nil, err
		}
		var rec *store.Record
		switch {
		case !sel.ID.IsZero():
			rec, err = s.data.GetID(ctx, sel.ID)
		case sel.Key != "":
			rec, err = s.byKey(ctx, who, of, sel.Key, sel.Value)
		default:
			rec, err = s.data.Get(ctx, profile.Number, strconv.FormatInt(sel.Number, 10))
		}
		if err == nil && rec.Type != of.kind {
			err = store.ErrNotFound
		}
		if !profile.IsKind(err, profile.NotFound) || s.table().number == types.number {
			return rec, err
		}
		// Its names may have gone elsewhere meanwhile: look again.
	}
}

// byKey reads a record by a unique attribute, or by its uuid or id.
func (s *Site) byKey(ctx context.Context, who access.Principal, of *entityType, key string, value []byte) (*store.Record, error) {
	if err := schema.CheckJSON(value, 1); err != nil {
		return nil, profile.E(profile.Malformed, profile.CodeSyntax, "key_value", "the JSON is not syntactically valid")
	}
	value = bytes.Trim(value, " \t\r\n")
	path, err := schema.ParsePath(key)
	if err != nil {
		return nil, err
	}
	attr, err := readable(who, of.shown).Attr(path)
	if err != nil {
		return nil, err
	}
	switch attr.Path {
	case "uuid":
		text, _ := schema.Text(value)
		id, err := profile.ParseID(text)
		if err != nil {
			return nil, profile.E(profile.Malformed, profile.CodeInvalidID, "key_value", "invalid uuid")
		}
		return s.data.GetID(ctx, id)
	case "id":
		n, err := strconv.ParseInt(strings.Trim(string(value), `"`), 10, 64)
		if err != nil {
			return nil, profile.E(profile.Invalid, profile.CodeType, "key_value", "not an integer")
		}
		return s.data.Get(ctx, profile.Number, strconv.FormatInt(n, 10))
	}
	if !attr.Has(schema.Unique) {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "key_attribute", "the attribute %s is not unique", path)
	}
	text, ok := attr.AppendKey(nil, value)
	if !ok {
		return nil, profile.E(profile.Invalid, profile.CodeType, "key_value", "not a value of the attribute %s", path)
	}
	if of.kind == profile.User && attr.Path == "email" {
		email, _ := schema.Text(value)
		return s.data.Get(ctx, profile.Email, emailName(email))
	}
	return s.data.Get(ctx, of.uniqueSpace(attr.Path), schema.UniqueKey(string(text)))
}

func (s *Site) guard(rec *store.Record, g Guards) error {
	if err := s.guardTime("created", g.Created, rec.Created); err != nil {
		return err
	}
	return s.guardTime("lastUpdated", g.Updated, rec.Updated)
}

func (s *Site) guardTime(attribute, supplied string, actual time.Time) error {
	if supplied == "" {
		return nil
	}
	t, err := schema.ParseDateTime(supplied, s.d.now())
	if err != nil {
		return profile.E(profile.Invalid, profile.CodeDateTime, attribute, "not a date and time: %s", supplied)
	}
	if t.Equal(actual) {
		return nil
	}
	e := profile.E(profile.Conflict, profile.CodeTimestampMismatch, attribute, "the record has another %s", attribute)
	e.Detail = map[string]any{"actual_value": schema.FormatDateTime(actual), "supplied_value": supplied}
	return e
}

// checkEntityPassword counts as an attempt to sign in, whoever asks; that of a
// disabled person is never the right one.
func (s *Site) checkEntityPassword(ctx context.Context, who access.Principal, rec *store.Record, pw Password) error {
	path, err := schema.ParsePath(pw.Attribute)
	if err != nil {
		return err
	}
	attr, err := readable(who, s.shape(rec).typeOf(rec.Type)).Attr(path)
	if err != nil {
		return err
	}
	if attr.Path != passwordSecret {
		return profile.E(profile.Invalid, profile.CodeInvalid, "password_attribute", "%s is not a password", path)
	}
	_, err = s.checkPassword(ctx, rec, pw.Value)
	if profile.IsCode(err, profile.CodeCredentials) || err == nil && rec.State != profile.Active { // clients sign people in by it
		return profile.E(profile.Invalid, profile.CodePassword, "", "incorrect password.")
	}
	return err
}

// EntityChange is what entity.update and entity.replace ask for.
type EntityChange struct {
	Path  string // "" is the whole record
	Value []byte // JSON
}

// UpdateEntity changes what the value names and keeps the rest.
func (s *Site) UpdateEntity(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards, c EntityChange) (Entity, error) {
	return s.changeEntity(ctx, access.EntityUpdate, who, typeName, sel, g, c.Path,
		func(typ *schema.Type, current []byte, path schema.Path) (schema.Written, error) {
			env := s.env(ctx)
			env.Required = true
			return typ.Update(current, path, c.Value, env)
		})
}

// ReplaceEntity puts the value in the place of what is there: what it does not
// name is cleared, passwords apart, and every element of a plural is new.
func (s *Site) ReplaceEntity(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards, c EntityChange) (Entity, error) {
	return s.changeEntity(ctx, access.EntityReplace, who, typeName, sel, g, c.Path,
		func(typ *schema.Type, current []byte, path schema.Path) (schema.Written, error) {
			env := s.env(ctx)
			env.Required = true
			return typ.Replace(current, path, c.Value, env)
		})
}

func (s *Site) changeEntity(ctx context.Context, perm access.Permission, who access.Principal, typeName string, sel Selector, g Guards, at string,
	write func(*schema.Type, []byte, schema.Path) (schema.Written, error),
) (Entity, error) {
	rec, err := s.selected(ctx, perm, who, typeName, sel)
	if err != nil {
		return Entity{}, err
	}
	path, err := schema.ParsePath(at)
	if err != nil {
		return Entity{}, err
	}
	name := s.shape(rec).nameOf(rec.Type)
	hash, hashed := "", false
	rec, err = s.change(ctx, rec.ID, s.event(who.Subject, name+".updated", rec.ID), nil, func(old *store.Record) (step, error) {
		if err := s.guard(old, g); err != nil {
			return step{}, err
		}
		typ, err := s.typeFor(old)
		if err != nil {
			return step{}, err
		}
		if typ, err = s.writable(ctx, who, typ); err != nil {
			return step{}, err
		}
		w, err := write(typ, old.Attrs, path)
		if err != nil {
			return step{}, err
		}
		next := *old
		next.Attrs = w.Attrs
		if !who.HasFeature(access.Metadata) {
			next.Updated = s.d.now()
		}
		st := step{rec: &next, paths: w.Changed}
		v, ok := w.Passwords[passwordSecret]
		if !ok {
			return st, nil
		}
		if !hashed { // once, however often the change begins again
			if err := s.refuseOldPassword(ctx, old, passwordSecret, v.Plain); err != nil {
				return step{}, err
			}
			if hash, err = s.passwordOf(ctx, w); err != nil {
				return step{}, err
			}
			hashed = true
		}
		next.Password = ""
		if !v.Clear {
			next.Password = credential.Kind(hash)
		}
		st.with = func(tx store.Tx) error { return s.putPassword(tx, &next, hash) }
		return st, nil
	})
	if err != nil {
		return Entity{}, attributeError(err)
	}
	return s.entityFor(who, rec), nil
}

// putPassword writes or ("" ) removes a password; every session ends, and every
// code from which one could begin.
func (s *Site) putPassword(tx store.Tx, rec *store.Record, hash string) error {
	if err := s.revokeTokens(tx, rec.ID); err != nil {
		return err
	}
	if err := s.rememberPassword(tx, rec, hash == ""); err != nil {
		return err
	}
	now := s.d.now()
	if hash == "" {
		if err := tx.DropSecret(rec.ID, passwordSecret, ""); err != nil {
			return err
		}
		return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: clearedPassword, Data: []byte{}, Created: now})
	}
	if err := tx.DropSecret(rec.ID, clearedPassword, ""); err != nil {
		return err
	}
	return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: passwordSecret, Data: []byte(hash), Created: now})
}

// clearedPassword is the kind of secret that tells since when a record that had
// a password has none. It is empty.
const clearedPassword = "password.cleared"

// passwordSince is when a record's password was set, or taken away: zero where
// it has what it was made with.
func passwordSince(r store.Reader, rec *store.Record) (time.Time, error) {
	for _, kind := range []string{passwordSecret, clearedPassword} {
		row, err := r.Secret(rec.ID, kind, "")
		if err == nil && row.Created.After(rec.Created) {
			return row.Created, nil
		}
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// DeleteEntity erases a record, or removes one element of a plural when path
// names one.
func (s *Site) DeleteEntity(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards, path string) error {
	if path != "" {
		_, err := s.changeEntity(ctx, access.EntityDelete, who, typeName, sel, g, path,
			func(typ *schema.Type, current []byte, p schema.Path) (schema.Written, error) {
				return typ.DeleteElement(current, p)
			})
		return err
	}
	rec, err := s.selected(ctx, access.EntityDelete, who, typeName, sel)
	if err != nil {
		return err
	}
	typ, err := s.typeFor(rec)
	if err == nil {
		err = s.mayErase(ctx, who, typ)
	}
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Record(rec.ID)
		if err != nil {
			return err
		}
		if err := s.guard(rec, g); err != nil {
			return err
		}
		return s.eraseEntity(tx, who, rec)
	})
}

// eraseEntity erases a subject, and removes any other record.
func (s *Site) eraseEntity(tx store.Tx, who access.Principal, rec *store.Record) error {
	if rec.Type.IsSubject() {
		return s.erase(tx, who.Subject, rec)
	}
	s.undress(rec)
	return tx.Remove(rec, s.event(who.Subject, s.shape(rec).nameOf(rec.Type)+".deleted", rec.ID))
}
