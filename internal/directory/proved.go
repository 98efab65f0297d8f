package directory

import (
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/store"
)

// What the kernel itself keeps in the extras.
const (
	ownExtras   = "facet"
	extraProved = "email_proved" // the folded e-mail that its owner showed to get mail at
)

// proveEmail notes that the owner of a record gets mail at the e-mail it has.
// The note is worth nothing once the e-mail is another.
func proveEmail(rec *store.Record) {
	rec.Extras = mergeExtras(rec.Extras, ownExtras, map[string]json.RawMessage{extraProved: marshal(profile.FoldEmail(textAt(rec.Attrs, "email")))})
}

// provedEmail gives the folded e-mail of a record, "" where nobody showed to
// get mail there.
func provedEmail(rec *store.Record) string {
	email := profile.FoldEmail(textAt(rec.Attrs, "email"))
	if email != textAt(rec.Extras, ownExtras+"."+extraProved) {
		return ""
	}
	return email
}
