package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// ImportType gives the entity type that records of a name are imported by, to
// read values that say nothing of their JSON type; nil for those of ours that
// have none. Errors: Unknown/CodeUnknownType.
func (s *Site) ImportType(name string) (*schema.Type, error) {
	_, of, err := importedType(s.table(), name)
	if err != nil || of == nil {
		return nil, err
	}
	return of.typ, nil
}

// IDsOfNumbers finds the ids of records by their numbers; a number that nobody
// has is not in the answer.
func (s *Site) IDsOfNumbers(ctx context.Context, numbers []int64) (map[int64]profile.ID, error) {
	out := make(map[int64]profile.ID, len(numbers))
	err := s.data.View(ctx, func(r store.Reader) error {
		for _, n := range numbers {
			if _, known := out[n]; known {
				continue
			}
			rec, err := r.ByName(profile.ID{}, profile.Number, strconv.FormatInt(n, 10))
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out[n] = rec.ID
		}
		return nil
	})
	return out, err
}

// importKind judges a record of ours that has no entity type, and completes it.
func (s *Site) importKind(rec *store.Record) error {
	switch rec.Type {
	case profile.Household:
		return s.importMember(rec)
	case profile.Document:
		return importDocument(rec)
	case profile.Plan:
		var terms PlanTerms
		if err := importHeld(rec, &terms, profile.PlanSlug, true); err != nil {
			return err
		}
		if terms.PeriodType != "" && !slices.Contains(PeriodTypes, terms.PeriodType) {
			return profile.E(profile.Invalid, profile.CodeChoice, "attrs.period_type", "none of %s", strings.Join(PeriodTypes, ", "))
		}
		if terms.RenewalType != "" && !slices.Contains(RenewalTypes, terms.RenewalType) {
			return profile.E(profile.Invalid, profile.CodeChoice, "attrs.renewal_type", "none of %s", strings.Join(RenewalTypes, ", "))
		}
	case profile.RoleType:
		return importHeld(rec, &RoleTerms{}, profile.RoleSlug, true)
	case profile.Agreement:
		return importHeld(rec, &agreementAttrs{}, profile.Terms, false)
	case profile.App:
		return importHeld(rec, &appAttrs{}, "", false)
	case profile.Note:
		return importHeld(rec, &noteAttrs{}, "", true)
	}
	return nil
}

// importHeld reads what a record holds into dst, so that all who read it later
// can, and looks for the name that finds it, and the owner.
func importHeld(rec *store.Record, dst any, space profile.Space, owned bool) error {
	if err := json.Unmarshal(rec.Attrs, dst); err != nil {
		return profile.E(profile.Invalid, profile.CodeType, "attrs", "not what a %s holds", rec.Type)
	}
	if owned && rec.Owner.IsZero() {
		return profile.E(profile.Missing, profile.CodeRequired, "owner", "a %s belongs to somebody", rec.Type)
	}
	if space != "" && rec.Name(space) == "" {
		return profile.E(profile.Missing, profile.CodeRequired, "names", "a %s has a name in %s", rec.Type, space)
	}
	return nil
}

// importMember makes a household profile by the rules of those that people
// make; its PIN does not come with it.
func (s *Site) importMember(rec *store.Record) error {
	if rec.Owner.IsZero() {
		return profile.E(profile.Missing, profile.CodeRequired, "owner", "a household profile belongs to a user")
	}
	var m member
	if err := json.Unmarshal(rec.Attrs, &m); err != nil {
		return profile.E(profile.Invalid, profile.CodeType, "attrs", "not what a household profile holds")
	}
	made, err := MemberEdit{
		Name: &m.Name, Child: &m.Child, AgeLimit: m.AgeLimit, Default: &m.Default,
		Avatar: &m.Avatar, Language: &m.Language, Subtitles: &m.Subtitles, Autoplay: m.Autoplay,
	}.apply(member{}, s.Policy())
	if err != nil {
		return err
	}
	*rec = *withMember(rec, made)
	return nil
}

// importDocument makes a document of one app.
func importDocument(rec *store.Record) error {
	if rec.Owner.IsZero() {
		return profile.E(profile.Missing, profile.CodeRequired, "owner", "a document belongs to somebody")
	}
	text, err := ReadDocument(rec.Attrs)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rec.Names, func(n profile.Name) bool { return n.Space == profile.DocumentApp && n.Owned })
	app := ""
	if at >= 0 {
		app = rec.Names[at].Value
	}
	if n, err := strconv.ParseInt(app, 10, 64); err != nil || documentName(n) != app {
		return profile.E(profile.Missing, profile.CodeRequired, "app_id", "a document is of an app")
	}
	rec.Attrs = text.JSON()
	rec.Index = documentIndex(rec)
	return nil
}

// appThere says whether the app of an imported document is there.
func appThere(r store.Reader, rec *store.Record, known map[string]error) error {
	name := rec.Name(profile.DocumentApp)
	err, asked := known[name]
	if !asked {
		n, _ := strconv.ParseInt(name, 10, 64) // judged before
		if err = appExists(r, n); profile.IsKind(err, profile.NotFound) {
			err = profile.E(profile.Invalid, profile.CodeNotFound, "app_id", "there is no app %s", name)
		}
		known[name] = err
	}
	return err
}

// ForgetImport forgets how far an import came: one of the same key begins anew.
func (s *Site) ForgetImport(ctx context.Context, key string) error {
	return s.data.Update(ctx, func(tx store.Tx) error { return tx.DropSecret(profile.ID{}, importSecret, key) })
}
