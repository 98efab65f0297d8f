package djaoapp

import (
	"encoding/json"
	"strings"
	"time"
	_ "time/tzdata" // time zones are checked on machines without them too

	"golang.org/x/text/language"

	"facet/internal/directory"
	"facet/internal/schema"
)

// maxSlug is the most characters of a profile's slug here; user names may have
// directory.MaxSlug.
const maxSlug = 50

// maxNickName is the most characters of a nick name.
const maxNickName = 150

// sets reads the attributes of a profile that may be blank: all of the table
// but the name and the e-mail. Blank clears.
func (in *fields) sets() []directory.Set {
	var out []directory.Set
	for _, a := range attributes {
		if a.max == 0 || a.field == "full_name" || a.field == "email" {
			continue
		}
		text, ok := in.text(a.field, a.max)
		if !ok {
			continue
		}
		if a.field == "country" && text != "" {
			if text = strings.ToUpper(text); !isCountry(text) {
				in.wrong(a.field, `"%s" is not a valid choice.`, text)
				continue
			}
		}
		out = append(out, directory.Set{Path: a.path, Value: orNull(text)})
	}
	return out
}

// isCountry reports whether a text is an ISO 3166-1 alpha-2 code.
func isCountry(text string) bool {
	region, err := language.ParseRegion(text)
	return err == nil && len(text) == 2 && region.IsCountry() && region.Canonicalize().String() == text
}

// hasAddress reports whether any part of an address is given.
func (in *fields) hasAddress() bool {
	for _, field := range []string{"street_address", "locality", "region", "postal_code", "country"} {
		if text, ok := schema.Text(in.values[field]); ok && strings.TrimSpace(text) != "" {
			return true
		}
	}
	return false
}

// extras reads what this face keeps beside the attributes. Blank clears.
func (in *fields) extras() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	keep := func(key, text string) {
		out[key] = json.RawMessage("null")
		if text != "" {
			out[key] = schema.AppendString(nil, text)
		}
	}
	if text, ok := in.text(extraNickName, maxNickName); ok {
		keep(extraNickName, text)
	}
	if text, ok := in.text(extraLang, 35); ok {
		if _, err := language.Parse(text); err != nil && text != "" {
			in.wrong(extraLang, `"%s" is not a valid choice.`, text)
		}
		keep(extraLang, text)
	}
	if text, ok := in.text(extraTimeZone, 100); ok {
		if !isTimeZone(text) {
			in.wrong(extraTimeZone, `"%s" is not a valid choice.`, text)
		}
		keep(extraTimeZone, text)
	}
	for _, key := range []string{extraBulkBuyer, extraNoRole} {
		if yes, ok := in.truth(key); ok {
			out[key] = json.RawMessage("null") // false is how they begin
			if yes {
				out[key] = json.RawMessage("true")
			}
		}
	}
	if raw, ok := in.values[extraExtra]; ok {
		out[extraExtra] = schema.Compact(nil, raw)
	}
	return out
}

// isTimeZone reports whether a text is the name of an IANA time zone, or "".
func isTimeZone(text string) bool {
	if text == "Local" { // what Go calls the machine's own
		return false
	}
	_, err := time.LoadLocation(text)
	return err == nil
}
