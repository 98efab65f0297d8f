package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// A site's entity types are data: each is a record of type $type that holds its
// definition and the change that is under way; a default type has one from its
// first change on. They are compiled once and kept in a table that is replaced
// as a whole, so that whoever holds one sees all types as of one moment.

// entityType is one entity type as a site has it.
type entityType struct {
	kind    profile.Type // of its records
	typ     *schema.Type // what records are read and written by
	shown   *schema.Type // what clients are told of: the type before, until a constraint holds for all records
	record  profile.ID   // that holds it; zero: a default type that nobody changed
	version int64        // of that record

	change   *typeChange     // under way; nil: none
	other    *schema.Type    // while it changes: what records may be stored by too
	moves    []schema.Move   // while attributes move: from where they are stored to where they are read
	building map[string]bool // paths whose index rows are not complete yet
}

// typeState is the JSON of a $type record's attributes.
type typeState struct {
	Def    json.RawMessage `json:"def"`              // schema.TypeDef
	Change *typeChange     `json:"change,omitempty"` // under way
	Failed []typeFailure   `json:"failed,omitempty"` // the last changes that existing records forbade
	Known  []string        `json:"known,omitempty"`  // of a default type: what of ours it has been compared with
}

// phase is how far a change of a type has come. Every write follows the phase
// from the moment it begins.
type phase string

// The phases. A change that asks something of records that exist goes through
// building and cleaning; one that a record breaks goes from building to undoing.
const (
	phaseBuilding phase = "building" // names and index rows of both types are written; each record gets those of the new one
	phaseCleaning phase = "cleaning" // the new type holds for all; what only the old one had goes
	phaseUndoing  phase = "undoing"  // what only the new type had goes
	phaseDeleting phase = "deleting" // the records go
)

// typeChange is a change that works through the records of a type.
type typeChange struct {
	ID     profile.ID      `json:"id"`
	Phase  phase           `json:"phase"`
	Before json.RawMessage `json:"before,omitempty"` // the definition before; when undoing the one that failed
	Moves  []schema.Move   `json:"moves,omitempty"`
	Done   int64           `json:"done"`           // number of the last record that this phase is done with
	Upto   int64           `json:"upto,omitempty"` // number of the last record that may be stored by the phase before; 0: not known yet
	Since  time.Time       `json:"since"`
	Error  *typeFailure    `json:"error,omitempty"` // why it is undone
}

// typeFailure is why a change was undone.
type typeFailure struct {
	ID      profile.ID   `json:"id"` // of the change
	Code    profile.Code `json:"code"`
	Kind    profile.Kind `json:"kind"`
	Field   string       `json:"field,omitempty"`
	Message string       `json:"message"`
}

func (f *typeFailure) err() error {
	return &profile.Error{Kind: f.Kind, Code: f.Code, Field: f.Field, Message: f.Message}
}

// maxFailed is how many failures a type's record keeps for those that wait.
const maxFailed = 8

// typeTable is all entity types of a site at one moment. It does not change.
type typeTable struct {
	read   time.Time
	age    int64 // the site's when it was read
	number int64 // of the table; a later one has a higher number
	byKind map[profile.Type]*entityType
	byName map[string]*entityType // by published name
	past   []pastMoves
}

// pastMoves are moves that began with a table, for writes that were worked out
// by an older one.
type pastMoves struct {
	table int64
	kind  profile.Type
	moves []schema.Move
}

// maxPast is how many past moves a process remembers: a write would have to be
// under way for as many changes of types to miss one.
const maxPast = 64

// The default entity types are compiled once for all sites.
var defaultTypes = sync.OnceValue(func() map[profile.Type]*schema.Type {
	return map[profile.Type]*schema.Type{
		profile.User:         schema.DefaultUser(),
		profile.Organization: schema.DefaultOrganization(),
		profile.Community:    schema.DefaultCommunity(),
	}
})

func (s *Site) table() *typeTable { return s.types.Load() }

// typeOf gives the type that records of a kind are read and written by; nil for
// kinds without one.
func (s *Site) typeOf(kind profile.Type) *schema.Type { return s.table().typeOf(kind) }

func (t *typeTable) typeOf(kind profile.Type) *schema.Type {
	if e := t.byKind[kind]; e != nil {
		return e.typ
	}
	return nil
}

// nameOf is the published name of a kind's type, or of one that is no more.
func (t *typeTable) nameOf(kind profile.Type) string {
	if e := t.byKind[kind]; e != nil {
		return e.typ.Name
	}
	return string(kind)
}

// named finds a type by its published name: Unknown/CodeUnknownType.
func (t *typeTable) named(name string) (*entityType, error) {
	if e := t.byName[name]; e != nil {
		return e, nil
	}
	return nil, unknownType(name)
}

func unknownType(name string) error {
	e := profile.E(profile.Unknown, profile.CodeUnknownType, "", "entity type does not exist: %s", name)
	e.Detail = map[string]any{"type_name": name}
	return e
}

// loadTypes reads the entity types and replaces the table if any has changed.
func (s *Site) loadTypes(ctx context.Context) error {
	s.typing.Lock()
	defer s.typing.Unlock()
	old := s.types.Load()
	next := &typeTable{read: s.d.now(), byKind: map[profile.Type]*entityType{}, byName: map[string]*entityType{}}
	for kind, typ := range defaultTypes() {
		e := &entityType{kind: kind, typ: typ, shown: typ}
		if old != nil && old.byKind[kind].record.IsZero() {
			e = old.byKind[kind]
		}
		next.byKind[kind] = e
	}
	var failed error
	err := s.data.raw.View(ctx, func(r store.Reader) (err error) {
		if next.age, err = r.Age(); err != nil {
			return err
		}
		return r.ByNumber(profile.EntityType, math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
			var e *entityType
			if e, failed = s.typeFrom(rec, old); failed != nil {
				return false
			}
			next.byKind[e.kind] = e
			return true
		})
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("site %d: entity types: %w", s.id, err)
	}
	next.name()
	if old != nil {
		if maps.Equal(old.byKind, next.byKind) {
			next = &typeTable{read: next.read, age: next.age, number: old.number, byKind: old.byKind, byName: old.byName, past: old.past}
		} else {
			next.number = old.number + 1
			next.past = pastOf(old, next)
		}
	}
	s.types.Store(next)
	return nil
}

// name fills byName: a type of the site's own hides one of ours.
func (t *typeTable) name() {
	for kind, e := range t.byKind {
		if hidden := t.byName[e.typ.Name]; !e.isGone() && (hidden == nil || kind[0] != '$') {
			t.byName[e.typ.Name] = e
		}
	}
}

// pastOf gives the moves to remember once a table has taken the place of old.
func pastOf(old, next *typeTable) []pastMoves {
	past := slices.Clone(old.past)
	for kind, e := range next.byKind {
		was := old.byKind[kind]
		if len(e.moves) > 0 && (was == nil || was.change == nil || was.change.ID != e.change.ID) {
			past = append(past, pastMoves{next.number, kind, e.moves})
		}
	}
	return past[max(0, len(past)-maxPast):]
}

// typeFrom makes an entity type of its record, or takes the one it had.
func (s *Site) typeFrom(rec *store.Record, old *typeTable) (*entityType, error) {
	kind := profile.Type(rec.Name(profile.TypeName))
	if old != nil {
		if e := old.byKind[kind]; e != nil && e.record == rec.ID && e.version == rec.Version {
			return e, nil
		}
	}
	state, err := readState(rec)
	if err != nil {
		return nil, err
	}
	e := &entityType{kind: kind, record: rec.ID, version: rec.Version, change: state.Change}
	if e.typ, err = compileStored(state.Def); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	e.shown = e.typ
	if e.change == nil || e.change.Before == nil {
		return e, nil
	}
	if e.other, err = compileStored(e.change.Before); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if e.change.Phase != phaseBuilding {
		return e, nil
	}
	if e.moves = e.change.Moves; len(e.moves) == 0 {
		e.shown = e.other
	}
	e.building = map[string]bool{}
	for _, path := range e.typ.IndexPaths() {
		e.building[path] = !slices.Contains(e.other.IndexPaths(), path)
	}
	return e, nil
}

func readState(rec *store.Record) (typeState, error) {
	var state typeState
	err := json.Unmarshal(rec.Attrs, &state)
	return state, err
}

func compileStored(raw []byte) (*schema.Type, error) {
	def, err := schema.ParseTypeDef(raw)
	if err != nil {
		return nil, err
	}
	return schema.CompileDef(def)
}

// isGone reports whether the type is being deleted: nobody sees it any more.
func (e *entityType) isGone() bool { return e.change != nil && e.change.Phase == phaseDeleting }

// isIndexed reports whether every record's values at a path are in the index.
func (e *entityType) isIndexed(path string) bool {
	return !e.building[path] && slices.Contains(e.typ.IndexPaths(), path)
}

// uniqueSpace is the name space that has the values of a unique attribute of
// every record: while an attribute moves, the one that it had.
func (e *entityType) uniqueSpace(path string) profile.Space {
	if e.change != nil && e.change.Phase == phaseBuilding {
		for _, m := range slices.Backward(e.moves) {
			if rest, ok := cutPath(path, m.To); ok {
				path = m.From + rest
			}
		}
	}
	return profile.UniqueAttribute(e.kind, path)
}

// cutPath cuts a path off the beginning of one at or below it.
func cutPath(path, at string) (rest string, ok bool) {
	if at == "" || len(path) < len(at) || path[:len(at)] != at || len(path) > len(at) && path[len(at)] != '.' {
		return "", false
	}
	return path[len(at):], true
}

// uniques gives the values that no other record may have, and under which
// paths. While a change is being built that is what either type asks for.
func (e *entityType) uniques(attrs []byte) []schema.UniqueValue {
	out := e.typ.Uniques(attrs)
	if e.change == nil || e.change.Phase != phaseBuilding {
		return out
	}
	has := e.typ.UniquePaths()
	for _, u := range e.other.Uniques(e.back(attrs)) {
		if !slices.Contains(has, u.Path) {
			out = append(out, u)
		}
	}
	return out
}

// rows gives the index rows of a record, as uniques does its names.
func (e *entityType) rows(attrs []byte) []schema.Indexed {
	out := e.typ.Index(attrs)
	if e.change == nil || e.change.Phase != phaseBuilding {
		return out
	}
	has := e.typ.IndexPaths()
	for _, row := range e.other.Index(e.back(attrs)) {
		if !slices.Contains(has, row.Path) {
			out = append(out, row)
		}
	}
	return out
}

// back gives a record's attributes as the type before has them.
func (e *entityType) back(attrs []byte) []byte {
	for _, m := range slices.Backward(e.moves) {
		if m.To != "" {
			attrs = schema.Moved(attrs, []schema.Move{m.Back()})
		}
	}
	return attrs
}

// freshTypes reads the types again when they are older than fresh, where other
// processes change them too.
func (s *Site) freshTypes(ctx context.Context) error {
	if s.d.settle == 0 {
		return nil
	}
	age := func() time.Duration { return s.d.now().Sub(s.table().read) }
	return s.typesLoading.renew(ctx, age, func() error { return s.loadTypes(ctx) })
}

// steady gives what fn reads by one table of types: where a type has changed
// meanwhile an index may have gone while it was looked into, and fn reads again.
func steady[T any](s *Site, fn func() (T, error)) (T, error) {
	for {
		before := s.table().number
		out, err := fn()
		if s.table().number == before {
			return out, err
		}
	}
}
