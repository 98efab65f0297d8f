package main

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// attributes is what a created user has, about 650 bytes, in the form that is
// stored, so that both sides write the same text.
const attributes = `{"aboutMe":"Works from the long table by the window, three days a week. Repairs bicycles, keeps bees on the roof, and answers questions about either before the second coffee.",` +
	`"birthday":"1980-02-03","displayName":"Matt Parker NUMBER","email":"parker.NUMBER@example.com","familyName":"Parker NUMBER","gender":"male","givenName":"Matt","middleName":"Jonathan",` +
	`"mobileNumber":"+1 555 NUMBER","primaryAddress":{"address1":"1200 Main Street, Building NUMBER","address2":"Second floor","city":"Portland","company":"Coworking Space","country":"United States","phone":"+1 503 555 0100","stateAbbreviation":"OR","zip":"97205"}}`

// indexed are the attributes that have index rows in the default type.
var indexed = []string{"displayName", "email", "familyName", "givenName", "mobileNumber"}

// searched are those that q looks into, besides name and slug.
var searched = []string{"email", "mobileNumber", "address1", "city", "stateAbbreviation", "zip", "country"}

// between cuts out the text that follows a mark, up to a quote. It is all the
// parsing that a writer without validation needs.
func between(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	v, _, _ := strings.Cut(rest, `"`)
	return v
}

// recordOf makes the record, with names and index rows, that entity.create
// makes from attributes in stored form.
func recordOf(attrs string, number int64, now time.Time) *store.Record {
	n := strconv.FormatInt(number, 10)
	slug, email := "u-"+n, between(attrs, `"email":"`)
	sort := strings.ToLower(between(attrs, `"displayName":"`))
	id := profile.NewID(now)
	rec := &store.Record{
		ID: id, Bucket: id.Bucket(), Type: profile.User, Number: number, Attrs: []byte(attrs), Extras: []byte("{}"),
		Names: []profile.Name{{Space: profile.Number, Value: n}, {Space: profile.Slug, Value: slug}, {Space: profile.Email, Value: email}},
		Sort:  sort, State: profile.Active, Version: 1, Created: now, Updated: now,
		Index:  make([]store.Indexed, 0, len(indexed)),
		Search: sort + "\n" + slug,
	}
	for _, path := range searched {
		rec.Search += "\n" + strings.ToLower(between(attrs, `"`+path+`":"`))
	}
	for _, path := range indexed {
		rec.Index = append(rec.Index, store.Indexed{Path: path, Value: strings.ToLower(between(attrs, `"`+path+`":"`))})
	}
	return rec
}

// nameBucket is where the store keeps a site-wide name: FNV-1a of space, a
// zero byte and value, folded to 16 bits.
func nameBucket(space profile.Space, value string) int64 {
	h := uint32(2166136261)
	for i := 0; i < len(space); i++ {
		h = (h ^ uint32(space[i])) * 16777619
	}
	h *= 16777619
	for i := 0; i < len(value); i++ {
		h = (h ^ uint32(value[i])) * 16777619
	}
	return int64(h>>16 ^ h&0xffff)
}

func bucketNumber(id profile.ID) int64 { return int64(binary.BigEndian.Uint16(id[14:])) }

// numbered fills the counter's places of the attributes.
func numbered(n int64) string {
	return strings.ReplaceAll(attributes, counter, string(appendCounted(nil, n)))
}
