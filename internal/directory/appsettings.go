package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Class says who writes a part of an app's documents, and who reads it. The
// zero value is UserWrites.
type Class string

// The classes.
const (
	UserWrites   Class = "user"    // whose document it is; everybody who sees the document reads it
	AppWrites    Class = "app"     // operators; whose document it is reads it
	OperatorOnly Class = "private" // operators; nobody else reads it
)

// OnConflict says what creating does where there is a document already. The
// zero value is the app's own choice, there ConflictError.
type OnConflict string

// What creating does to a document that is there.
const (
	ConflictError   OnConflict = "error"
	ConflictReplace OnConflict = "replace"
	ConflictMerge   OnConflict = "merge" // as a merge patch (RFC 7396)
	ConflictSkip    OnConflict = "skip"
)

// SchemaMode says what becomes of a document that breaks its app's schema. The
// zero value is SchemaOff.
type SchemaMode string

// The modes.
const (
	SchemaOff     SchemaMode = "off"
	SchemaWarn    SchemaMode = "warn"    // kept, and told of in the answer
	SchemaEnforce SchemaMode = "enforce" // refused
)

// AppSettings are the rules of an app for its documents. They hold for the
// next write: documents that are there stay as they are.
type AppSettings struct {
	WriteClass     Class            `json:"write_class,omitempty"`      // of what no section names
	Sections       map[string]Class `json:"sections,omitempty"`         // of single members of the documents
	OnConflict     OnConflict       `json:"on_conflict,omitempty"`      //
	RequireIfMatch bool             `json:"require_if_match,omitempty"` // changes have to name the version they are of
	AnyJSON        bool             `json:"any_json,omitempty"`         // documents need not be objects
	KeyBound       bool             `json:"key_bound,omitempty"`        // people reach them only with the app's API key beside their token
	SchemaMode     SchemaMode       `json:"schema_mode,omitempty"`      //
	Schema         json.RawMessage  `json:"schema,omitempty"`           // JSON Schema, 2020-12 unless it says otherwise
	SchemaVersion  int64            `json:"schema_version,omitempty"`   // counts its changes, from 1; 0: there was none yet
}

const (
	maxSections    = 100
	maxAppText     = 1000 // bytes of a name, domain or description
	maxAppDomains  = 100
	maxSchema      = 64 << 10
	maxSectionName = 200
)

// class says who writes a member of the documents.
func (a *AppSettings) class(member string) Class {
	if c, ok := a.Sections[member]; ok {
		return c
	}
	if a.WriteClass == "" {
		return UserWrites
	}
	return a.WriteClass
}

// hides reports whether there may be parts that only operators read.
func (a *AppSettings) hides() bool {
	if a.WriteClass == OperatorOnly {
		return true
	}
	for _, c := range a.Sections {
		if c == OperatorOnly {
			return true
		}
	}
	return false
}

// isPlain reports whether people read and write whole documents.
func (a *AppSettings) isPlain() bool {
	return len(a.Sections) == 0 && (a.WriteClass == "" || a.WriteClass == UserWrites)
}

// AppEdit is a change of an app; nil leaves a thing as it is.
type AppEdit struct {
	Name, Description *string
	Domains           []string
	WriteClass        *Class
	Sections          map[string]Class // replaces all
	OnConflict        *OnConflict
	RequireIfMatch    *bool
	AnyJSON           *bool
	KeyBound          *bool
	SchemaMode        *SchemaMode
	Schema            json.RawMessage // null takes it away
}

func (in *AppEdit) apply(a App) (App, error) {
	set(&a.Name, in.Name)
	set(&a.Description, in.Description)
	if in.Domains != nil {
		a.Domains = in.Domains
	}
	if in.Sections != nil {
		a.Sections = in.Sections
	}
	set(&a.WriteClass, in.WriteClass)
	set(&a.OnConflict, in.OnConflict)
	set(&a.RequireIfMatch, in.RequireIfMatch)
	set(&a.AnyJSON, in.AnyJSON)
	set(&a.KeyBound, in.KeyBound)
	set(&a.SchemaMode, in.SchemaMode)
	if in.Schema != nil {
		text := json.RawMessage(schema.Compact(nil, in.Schema))
		if string(text) == "null" {
			text = nil
		}
		if string(text) != string(a.Schema) {
			a.Schema = text
			a.SchemaVersion++
		}
	}
	return a, a.check()
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// check says whether an app's settings make sense.
func (a *App) check() error {
	switch {
	case strings.TrimSpace(a.Name) == "":
		return profile.E(profile.Missing, profile.CodeRequired, "app", "An app has a name.")
	case len(a.Name) > maxAppText:
		return profile.E(profile.Invalid, profile.CodeLength, "app", "The name may have at most %d bytes.", maxAppText)
	case len(a.Description) > maxAppText:
		return profile.E(profile.Invalid, profile.CodeLength, "description", "The description may have at most %d bytes.", maxAppText)
	case len(a.Domains) > maxAppDomains || slices.ContainsFunc(a.Domains, func(d string) bool { return d == "" || len(d) > maxAppText }):
		return profile.E(profile.Invalid, profile.CodeInvalid, "domains", "domains are %d texts at most, none empty.", maxAppDomains)
	case !oneOf(a.WriteClass, UserWrites, AppWrites, OperatorOnly):
		return profile.E(profile.Invalid, profile.CodeChoice, "write_class", "write_class is one of user, app and private.")
	case len(a.Sections) > maxSections:
		return profile.E(profile.Invalid, profile.CodeLength, "sections", "There may be at most %d sections.", maxSections)
	case !oneOf(a.OnConflict, ConflictError, ConflictReplace, ConflictMerge, ConflictSkip):
		return profile.E(profile.Invalid, profile.CodeChoice, "on_conflict", "on_conflict is one of error, replace, merge and skip.")
	case !oneOf(a.SchemaMode, SchemaOff, SchemaWarn, SchemaEnforce):
		return profile.E(profile.Invalid, profile.CodeChoice, "schema_mode", "schema_mode is one of off, warn and enforce.")
	case a.AnyJSON && len(a.Sections) > 0:
		return profile.E(profile.Invalid, profile.CodeInvalid, "any_json", "Sections are members of objects: any_json goes without them.")
	}
	for name, class := range a.Sections {
		if len(name) > maxSectionName || !oneOf(class, UserWrites, AppWrites, OperatorOnly) || class == "" {
			return profile.E(profile.Invalid, profile.CodeChoice, "sections", "A section is user, app or private.")
		}
	}
	if a.Schema == nil {
		return nil
	}
	_, err := compileSchema(a.Schema)
	return err
}

// oneOf reports whether v is one of the choices, or not set.
func oneOf[T ~string](v T, choices ...T) bool { return v == "" || slices.Contains(choices, v) }

// AppAdmin is what operators do with apps: who has it was asked whether they may,
// before anything else that they sent is looked at.
type AppAdmin struct {
	s   *Site
	who access.Principal
}

// AdminApps lets an operator register and change apps. Errors: Unauthenticated,
// Forbidden.
func (s *Site) AdminApps(ctx context.Context, who access.Principal) (AppAdmin, error) {
	return AppAdmin{s, who}, s.operator(ctx, access.AppWrite, who)
}

// Register registers an app for an operator, with an API key of its own that
// is shown this once. Errors are those of AddApp and of the settings.
func (o AppAdmin) Register(ctx context.Context, in AppEdit) (a App, key string, err error) {
	s, who := o.s, o.who
	if a, err = in.apply(App{Domains: []string{}}); err != nil {
		return App{}, "", err
	}
	key = credential.NewAlnum(appKeyLength)
	a, err = s.addApp(ctx, who.Subject, NewApp{App: a, Key: key})
	return a, key, err
}

const appKeyLength = 32

// Read reads an app with its settings, for an operator. Errors: NotFound
// with Field "app_id".
func (o AppAdmin) Read(ctx context.Context, id int64) (App, error) {
	s := o.s
	var out App
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := app(r, id)
		if err != nil {
			return err
		}
		out, err = appOf(rec)
		return err
	})
	return out, err
}

// Edit changes an app, for an operator: one of the versions, where any are
// named. Errors: NotFound with Field "app_id", Conflict/CodeVersionMismatch,
// those of the settings by their names.
func (o AppAdmin) Edit(ctx context.Context, id int64, in AppEdit, match Match) (App, error) {
	s, who := o.s, o.who
	for {
		var old *store.Record
		err := s.data.View(ctx, func(r store.Reader) (err error) {
			old, err = app(r, id)
			return err
		})
		if err != nil {
			return App{}, err
		}
		was, err := appOf(old)
		if err != nil {
			return App{}, err
		}
		if err := match.check(old.Version, true); err != nil {
			return App{}, err
		}
		next, err := in.apply(was)
		if err != nil {
			return App{}, err
		}
		rec := *old
		rec.Attrs, rec.Sort, rec.Updated = next.attrs(), profile.Fold(next.Name), s.d.now()
		if string(rec.Attrs) == string(old.Attrs) {
			return was, nil
		}
		err = s.data.Update(ctx, func(tx store.Tx) error {
			if err := s.allow(tx, access.AppWrite, who, nil); err != nil {
				return err
			}
			return tx.Save(old, &rec, s.event(who.Subject, "app.updated", rec.ID, "settings"))
		})
		if profile.IsCode(err, profile.CodeVersionMismatch) {
			continue
		}
		if err != nil {
			return App{}, err
		}
		s.apps.Delete(id)
		next.Version = rec.Version
		return next, nil
	}
}

// RenewKey gives an app another API key; the one it had works no longer.
// Errors: NotFound with Field "app_id".
func (o AppAdmin) RenewKey(ctx context.Context, id int64) (key string, err error) {
	s, who := o.s, o.who
	key = credential.NewAlnum(appKeyLength)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.AppWrite, who, nil); err != nil {
			return err
		}
		rec, err := app(tx, id)
		if err != nil {
			return err
		}
		old, err := tx.Tickets(rec.ID, ticketAppKey)
		if err != nil {
			return err
		}
		for _, row := range old {
			if err := tx.DropTicket(row.Digest); err != nil {
				return err
			}
		}
		if err := s.putAppKey(tx, rec.ID, key); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "app.key", rec.ID))
	})
	return key, err
}

// Delete deletes an app, for an operator; with force its documents too,
// which are unknown at once and go so many at a time. Errors: NotFound with
// Field "app_id", Conflict/CodeAppInUse.
func (o AppAdmin) Delete(ctx context.Context, id int64, force bool) error {
	s, who := o.s, o.who
	defer s.apps.Delete(id)
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.AppWrite, who, nil); err != nil {
			return err
		}
		rec, err := app(tx, id)
		if err != nil {
			return err
		}
		some, err := documentsOf(tx, indexApp, documentName(id), 0, 1)
		if err != nil {
			return err
		}
		if len(some) > 0 && !force {
			return profile.E(profile.Conflict, profile.CodeAppInUse, "app_id", "The app has profiles: delete them first, or use force.")
		}
		if len(some) > 0 {
			if err := s.sweepDocuments(tx, documentSweep{App: id, Actor: who.Subject}, s.d.now()); err != nil {
				return err
			}
		}
		return tx.Remove(rec, s.event(who.Subject, "app.deleted", rec.ID))
	})
}
