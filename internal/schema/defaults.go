package schema

import "sync"

// DefaultUser is the entity type `user` that every site begins with: the
// Identity Cloud's default schema with its later additions (clients, janrain,
// optIn, roles, legalAcceptances, consents …). Two things are ours: email is
// not required, because a site decides that, and the names and phone number
// that people are searched by are indexed.
func DefaultUser() *Type { return defaultUser() }

// DefaultOrganization is the entity type `organization`: what the faces share
// about a group, laid out like the user's.
func DefaultOrganization() *Type { return defaultOrganization() }

// DefaultCommunity is the entity type `community`, equal to the organization's.
func DefaultCommunity() *Type { return defaultCommunity() }

var (
	defaultUser         = sync.OnceValue(func() *Type { return mustCompile("user", userDefs()) })
	defaultOrganization = sync.OnceValue(func() *Type { return mustCompile("organization", groupDefs()) })
	defaultCommunity    = sync.OnceValue(func() *Type { return mustCompile("community", groupDefs()) })
)

func mustCompile(name string, defs []AttrDef) *Type {
	t, err := Compile(name, defs)
	if err != nil {
		panic("schema: a default type does not compile: " + err.Error())
	}
	return t
}

// text defines a string that ignores case; length 0 is unlimited.
func text(name string, length int, constraints ...string) AttrDef {
	d := AttrDef{Name: name, Type: "string", CaseSensitive: new(false), Constraints: constraints}
	if length > 0 {
		d.Length = new(length)
	}
	return d
}

// exact defines a string whose case matters.
func exact(name string, length int, constraints ...string) AttrDef {
	d := text(name, length, constraints...)
	d.CaseSensitive = new(true)
	return d
}

func texts(length int, names ...string) []AttrDef {
	defs := make([]AttrDef, len(names))
	for i, n := range names {
		defs[i] = text(n, length)
	}
	return defs
}

func printable(length int, names ...string) []AttrDef {
	defs := make([]AttrDef, len(names))
	for i, n := range names {
		defs[i] = text(n, length, "unicode-printable")
	}
	return defs
}

func with(d AttrDef, features ...string) AttrDef {
	d.Features = append(d.Features, features...)
	return d
}

func of(typ string, names ...string) []AttrDef {
	defs := make([]AttrDef, len(names))
	for i, n := range names {
		defs[i] = AttrDef{Name: n, Type: typ}
	}
	return defs
}

func object(name string, parts ...[]AttrDef) AttrDef { return nest("object", name, parts) }
func plural(name string, parts ...[]AttrDef) AttrDef { return nest("plural", name, parts) }

func nest(typ, name string, parts [][]AttrDef) AttrDef {
	return AttrDef{Name: name, Type: typ, AttrDefs: all(parts...)}
}

func all(parts ...[]AttrDef) []AttrDef {
	var defs []AttrDef
	for _, p := range parts {
		defs = append(defs, p...)
	}
	return defs
}

func list(defs ...AttrDef) []AttrDef { return defs }

// sharedDefs are the attributes that every kind of subject has.
func sharedDefs() []AttrDef {
	return list(
		text("aboutMe", 0),
		with(text("displayName", 1000), "query"),
		with(text("mobileNumber", 100), "query"),
		plural("photos", list(exact("type", 0), exact("value", 0))),
		object("primaryAddress",
			printable(1000, "address1", "address2", "city", "company", "country"),
			printable(100, "mobile", "phone", "stateAbbreviation", "zip", "zipPlus4")),
	)
}

func groupDefs() []AttrDef {
	return all(sharedDefs(), list(with(text("email", 256, "email-address"), "query")))
}

func userDefs() []AttrDef {
	consent := func(name string) AttrDef {
		return object(name, list(text("clientId", 32), text("context", 100), text("type", 8)), of("dateTime", "updated"), of("boolean", "granted"))
	}
	return all(
		sharedDefs(),
		list(
			text("currentLocation", 1000),
			text("email", 256, "unique", "email-address"),
			with(text("familyName", 1000, "unicode-printable"), "query"),
			with(text("givenName", 1000, "unicode-printable"), "query"),
			text("gender", 100),
			text("middleName", 1000, "unicode-printable"),
			plural("statuses", list(text("status", 1000)), of("dateTime", "statusCreated")),
			plural("profiles",
				of("json", "accessCredentials", "provider", "verifiedEmail"),
				list(
					text("domain", 1000, "required"),
					text("identifier", 1000, "required", "unique"),
					exact("remote_key", 4096),
					plural("followers", list(exact("identifier", 0, "required"))),
					plural("following", list(exact("identifier", 0, "required"))),
					plural("friends", list(exact("identifier", 0, "required"))),
					portableContact(),
				)),
		),
		of("date", "birthday"),
		of("json", "display", "janrain"),
		of("dateTime", "emailVerified", "lastLogin", "deactivateAccount", "accountDeleteRequestTime", "accountDataRequestTime"),
		of("password-bcrypt", "password"),
		list(
			plural("clients", list(exact("clientId", 1000), text("name", 1000), text("channel", 1000)), of("dateTime", "firstLogin", "lastLogin")),
			object("optIn", of("boolean", "status"), of("dateTime", "updated")),
			plural("roles", list(with(text("display", 1000, "required", "locally-unique"), "primary-key"), text("value", 256))),
			plural("legalAcceptances",
				list(with(text("legalAcceptanceId", 1000, "required", "locally-unique"), "primary-key"), text("clientId", 32)),
				of("dateTime", "dateAccepted")),
			object("consents", list(consent("share"), consent("newsletter"), consent("marketing"))),
		),
	)
}

// portableContact is profiles.profile: what a social network told about a
// person, in the words of Portable Contacts 1.0.
func portableContact() AttrDef {
	primary := of("boolean", "primary")
	return object("profile",
		texts(0, "aboutMe", "drinker", "fashion", "happiestWhen", "humor", "livingArrangement", "note", "politicalViews", "profileSong", "profileUrl",
			"religion", "romance", "scaredOf", "sexualOrientation", "smoker", "utcOffset"),
		texts(100, "birthday", "gender"),
		texts(1000, "ethnicity", "nickname", "profileVideo", "relationshipStatus", "status"),
		of("date", "anniversary"),
		of("dateTime", "published", "updated"),
		list(
			exact("displayName", 1000),
			with(exact("preferredUsername", 1000), "query"),
			plural("accounts", primary, texts(1000, "domain", "userid"), list(exact("username", 1000))),
			plural("addresses", primary, address(100, 100, 0, 1000)),
			object("bodyType", texts(100, "build", "color", "eyeColor", "hairColor"), of("decimal", "height")),
			object("currentLocation", address(1000, 100, 1000, 0)),
			plural("emails", primary, texts(256, "type", "value")),
			plural("ims", primary, texts(1000, "type"), texts(0, "value")),
			object("name", texts(1000, "familyName", "formatted", "givenName", "middleName"), texts(0, "honorificPrefix", "honorificSuffix")),
			plural("organizations", primary,
				texts(1000, "department", "description", "name", "title"), texts(0, "endDate", "startDate", "type"),
				list(object("location", address(1000, 100, 0, 1000)))),
			plural("phoneNumbers", primary, texts(0, "type", "value")),
			plural("photos", primary, texts(0, "type", "value")),
			plural("urls", primary, texts(1000, "type"), texts(0, "value")),
			plural("relationships", texts(1000, "relationship")),
			plural("tags", texts(1000, "tag")),
			plural("activities", texts(0, "activity")),
			plural("books", texts(0, "book")),
			plural("cars", texts(0, "car")),
			plural("children", texts(0, "value")),
			plural("food", texts(0, "food")),
			plural("heroes", texts(0, "hero")),
			plural("interestedInMeeting", texts(0, "interest")),
			plural("interests", texts(0, "interest")),
			plural("jobInterests", texts(0, "jobInterest")),
			plural("languages", texts(0, "language")),
			plural("languagesSpoken", texts(0, "languageSpoken")),
			plural("lookingFor", texts(0, "value")),
			plural("movies", texts(0, "movie")),
			plural("music", texts(0, "music")),
			plural("pets", texts(0, "value")),
			plural("quotes", texts(0, "quote")),
			plural("sports", texts(0, "sport")),
			plural("turnOffs", texts(0, "turnOff")),
			plural("turnOns", texts(0, "turnOn")),
			plural("tvShows", texts(0, "tvShow")),
		))
}

// address lists the attributes of a postal address; lengths differ a little
// from place to place in the published schema.
func address(poBox, postalCode, formatted, typ int) []AttrDef {
	return all(
		texts(1000, "country", "extendedAddress", "locality", "region", "streetAddress"),
		list(text("poBox", poBox), text("postalCode", postalCode), text("formatted", formatted), text("type", typ)),
		of("decimal", "latitude", "longitude"))
}
