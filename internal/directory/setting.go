package directory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Settings are texts by key that a site keeps for each API client, and
// defaults beneath them (Identity Cloud, Legacy Clients and Settings API,
// settings). Each client's are one record that the client owns and that goes
// with it; the defaults are a record of the site.

// The bounds of settings: of keys and values in bytes, of one record in keys
// and bytes.
const (
	maxSettingKey   = 255
	maxSettingValue = 64 << 10
	maxSettings     = 1000
	maxSettingsSize = 512 << 10
)

// defaultSettings is the name of the record that has the site's defaults.
const defaultSettings = "default"

// SettingsAt says whose settings are meant.
type SettingsAt struct {
	Default bool   // the site's defaults
	Client  string // else those of this API client; "" is the caller's own
}

// scope finds who owns the settings: the zero ID is the site. Reading those of
// another client is for who may manage clients. Errors: Forbidden; Invalid with
// Field "for_client_id".
func (s *Site) scope(ctx context.Context, perm access.Permission, who access.Principal, at SettingsAt) (profile.ID, error) {
	if err := access.Admit(perm, who); err != nil {
		return profile.ID{}, err
	}
	if at.Default {
		return profile.ID{}, nil
	}
	if at.Client == "" {
		return who.Subject, nil
	}
	own, err := s.clientRecord(ctx, who.Subject)
	if err != nil {
		return profile.ID{}, err
	}
	if at.Client == own.id {
		return who.Subject, nil
	}
	if err := access.Admit(access.ClientRead, who); err != nil {
		return profile.ID{}, err
	}
	rec, err := s.clientNamed(ctx, who, at.Client)
	if err != nil {
		return profile.ID{}, err
	}
	return rec.ID, nil
}

// Settings reads the settings of one scope alone. Errors: Forbidden; Invalid
// with Field "for_client_id".
func (s *Site) Settings(ctx context.Context, who access.Principal, at SettingsAt) (map[string]string, error) {
	owner, err := s.scope(ctx, access.SettingRead, who, at)
	if err != nil {
		return nil, err
	}
	var out map[string]string
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		_, out, err = settingsOf(r, owner)
		return err
	})
	return out, err
}

// AllSettings reads the settings of a client laid over the defaults. Errors: as
// Settings.
func (s *Site) AllSettings(ctx context.Context, who access.Principal, client string) (map[string]string, error) {
	owner, err := s.scope(ctx, access.SettingRead, who, SettingsAt{Client: client})
	if err != nil {
		return nil, err
	}
	var out map[string]string
	err = s.data.View(ctx, func(r store.Reader) error {
		_, defaults, err := settingsOf(r, profile.ID{})
		if err != nil {
			return err
		}
		_, own, err := settingsOf(r, owner)
		maps.Copy(defaults, own)
		out = defaults
		return err
	})
	return out, err
}

// settingsOf reads the settings of an owner, and the record that has them: nil
// when nothing was ever set.
func settingsOf(r store.Reader, owner profile.ID) (*store.Record, map[string]string, error) {
	out := map[string]string{}
	rec, err := r.ByName(owner, profile.Setting, settingsName(owner))
	if profile.IsKind(err, profile.NotFound) {
		return nil, out, nil
	}
	if err != nil {
		return nil, out, err
	}
	return rec, out, json.Unmarshal(rec.Attrs, &out)
}

func settingsName(owner profile.ID) string {
	if owner.IsZero() {
		return defaultSettings
	}
	return ""
}

// ChangeSettings sets keys, and deletes those whose value is nil; existed tells
// of each whether it was there before. Errors: Forbidden; Invalid with Field
// "for_client_id", "key" or "value"; TooLarge with Field "value".
func (s *Site) ChangeSettings(ctx context.Context, who access.Principal, at SettingsAt, set map[string]*string) (existed map[string]bool, err error) {
	owner, err := s.scope(ctx, access.SettingWrite, who, at)
	if err != nil {
		return nil, err
	}
	for key, value := range set {
		if err := checkSetting(key, value); err != nil {
			return nil, err
		}
	}
	for {
		var rec *store.Record
		err := s.data.View(ctx, func(r store.Reader) (err error) {
			rec, _, err = settingsOf(r, owner)
			return err
		})
		if err != nil {
			return nil, err
		}
		if rec == nil {
			existed, err = s.firstSettings(ctx, who, owner, set)
			if profile.IsKind(err, profile.Taken) { // somebody was faster
				continue
			}
			return existed, noClient(err, "for_client_id")
		}
		existed, err = s.nextSettings(ctx, who, rec.ID, set)
		return existed, noClient(err, "for_client_id")
	}
}

func checkSetting(key string, value *string) error {
	if key == "" || len(key) > maxSettingKey || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return profile.E(profile.Invalid, profile.CodeInvalid, "key", "a key has 1 to %d bytes and no control characters", maxSettingKey)
	}
	if value != nil && len(*value) > maxSettingValue {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "value", "it is longer than %d bytes", maxSettingValue)
	}
	return nil
}

// applySettings works out the next settings.
func applySettings(have map[string]string, set map[string]*string) (attrs []byte, existed map[string]bool, changed []string, err error) {
	existed = make(map[string]bool, len(set))
	for _, key := range slices.Sorted(maps.Keys(set)) {
		old, ok := have[key]
		existed[key] = ok
		switch value := set[key]; {
		case value == nil && ok:
			delete(have, key)
		case value != nil && (!ok || old != *value):
			have[key] = *value
		default:
			continue
		}
		changed = append(changed, key)
	}
	attrs = marshal(have)
	if len(have) > maxSettings || len(attrs) > maxSettingsSize {
		err = profile.E(profile.TooLarge, profile.CodeTooLarge, "value", "settings are %d keys and %d bytes at most", maxSettings, maxSettingsSize)
	}
	return attrs, existed, changed, err
}

// firstSettings makes the record of an owner's settings: Taken when it is
// there by now.
func (s *Site) firstSettings(ctx context.Context, who access.Principal, owner profile.ID, set map[string]*string) (map[string]bool, error) {
	attrs, existed, changed, err := applySettings(map[string]string{}, set)
	if err != nil || len(changed) == 0 {
		return existed, err
	}
	rec, err := s.draft(ctx, profile.Settings, owner, who.Subject)
	if err != nil {
		return nil, err
	}
	rec.Attrs = attrs
	rec.Names = append(rec.Names, profile.Name{Space: profile.Setting, Value: settingsName(owner), Owned: !owner.IsZero()})
	return existed, s.data.Update(ctx, func(tx store.Tx) error {
		if !owner.IsZero() {
			if err := tx.Lock(owner); err != nil {
				return err
			}
		}
		return tx.Create(rec, s.event(who.Subject, "settings.created", rec.ID))
	})
}

func (s *Site) nextSettings(ctx context.Context, who access.Principal, id profile.ID, set map[string]*string) (existed map[string]bool, err error) {
	_, err = s.change(ctx, id, s.event(who.Subject, "settings.updated", id), nil, func(old *store.Record) (step, error) {
		have := map[string]string{}
		if err := json.Unmarshal(old.Attrs, &have); err != nil {
			return step{}, err
		}
		next := *old
		st := step{rec: &next}
		next.Attrs, existed, st.paths, err = applySettings(have, set)
		next.Updated = s.d.now()
		return st, err
	})
	return existed, err
}
