package directory

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// A site that has changed a default type keeps its own definition of it. What a
// later release adds to the default reaches the site when it is opened:
// attributes that the default did not have when the site's definition was last
// compared with it. Nothing is taken away or changed, and what the site removed
// does not come back.

// knownPaths are the paths of all attributes of a default type, sorted: those
// that a site's definition of it has been compared with.
func knownPaths(kind profile.Type) []string {
	typ := defaultTypes()[kind]
	if typ == nil {
		return nil
	}
	var out []string
	var walk func(at string, defs []schema.AttrDef)
	walk = func(at string, defs []schema.AttrDef) {
		for _, d := range defs {
			out = append(out, at+d.Name)
			walk(at+d.Name+".", d.AttrDefs)
		}
	}
	walk("", typ.Definition().AttrDefs)
	slices.Sort(out)
	return out
}

// mergeDefaults brings what is new in the default types into the site's own
// definitions of them. A type that is being changed is left to the next time.
func (s *Site) mergeDefaults(ctx context.Context) error {
	for kind := range defaultTypes() {
		for {
			err := s.mergeDefault(ctx, s.table().byKind[kind])
			if err != nil && !profile.IsCode(err, profile.CodeVersionMismatch) {
				return err
			}
			if err == nil {
				break
			}
			if err := s.loadTypes(ctx); err != nil { // another process was faster
				return err
			}
		}
	}
	return nil
}

func (s *Site) mergeDefault(ctx context.Context, of *entityType) error {
	if of.record.IsZero() || of.change != nil {
		return nil
	}
	rec, err := s.data.raw.GetID(ctx, of.record)
	if err != nil {
		return err
	}
	state, err := readState(rec)
	known := knownPaths(of.kind)
	if err != nil || slices.Equal(state.Known, known) {
		return err
	}
	def := of.typ.Definition().Clone()
	if state.Known != nil {
		addNew(&def, defaultTypes()[of.kind].Definition(), missing(known, state.Known))
	}
	next, err := schema.CompileDef(def)
	if err != nil { // there is no room for more: the site's own goes before ours
		s.d.log.WarnContext(ctx, "what is new in a default entity type is left out", "site", int64(s.id), "type", of.typ.Name, "error", err)
		return nil
	}
	if raw := next.Definition().Append(nil); !bytes.Equal(raw, state.Def) {
		state.Def = raw
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		return s.saveType(tx, of, profile.ID{}, func(now *typeState) { now.Def, now.Known = state.Def, known })
	})
	if err != nil {
		return err
	}
	return s.loadTypes(ctx)
}

// addNew adds attributes of a default type, by sorted paths, to a definition:
// not those whose names it has, nor those below what it has not.
func addNew(def, from *schema.TypeDef, paths []string) {
	whole := ""
	for _, path := range paths {
		if whole != "" && strings.HasPrefix(path, whole+".") {
			continue // it came with the one above
		}
		attr, err := from.Find(path)
		if err != nil {
			continue
		}
		added := *attr
		added.Name = path
		if def.Add(added) == nil {
			whole = path
		}
	}
}
