package schema

import (
	"slices"
	"sync"

	"facet/internal/profile"
)

// AccessType says what an access schema is for (Identity Cloud,
// entityType.setAccessSchema).
type AccessType string

// The access types: of calls with a client's id and secret, and of calls with a
// token that the client issued.
const (
	AccessRead           AccessType = "read"
	AccessWrite          AccessType = "write"
	AccessReadWithToken  AccessType = "read_with_token"
	AccessWriteWithToken AccessType = "write_with_token"
)

// AccessTypes lists them.
var AccessTypes = []AccessType{AccessRead, AccessWrite, AccessReadWithToken, AccessWriteWithToken}

// AccessSchema is the part of a type that one API client may read or write.
type AccessSchema struct {
	Client     profile.ID `json:"client"` // its record
	Type       AccessType `json:"access_type"`
	Attributes []string   `json:"attributes"` // paths, as they were given; reserved ones are always readable
}

type accessKey struct {
	client profile.ID
	access AccessType
}

// accessTable holds the access schemas of a type, and the types that they make
// of it, each made when it is first asked for.
type accessTable struct {
	paths map[accessKey][]Path
	seen  sync.Map // accessKey -> *Type
	none  func() *Type
}

func (t *Type) compileAccess() error {
	if len(t.def.Access) > maxAccess {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attributes", "an entity type has at most %d access schemas", maxAccess)
	}
	t.access = &accessTable{paths: make(map[accessKey][]Path, len(t.def.Access))}
	t.access.none = sync.OnceValue(func() *Type {
		none, _ := t.Writable(nil) // no path, no unknown path
		return none
	})
	for _, a := range t.def.Access {
		paths := make([]Path, 0, len(a.Attributes))
		for _, name := range a.Attributes {
			p, err := ParsePath(name)
			if err != nil {
				return err
			}
			if _, err := t.Attr(p); err != nil {
				return err
			}
			if hasElement(p) {
				return unknownAttribute(p.Dotted())
			}
			paths = append(paths, p)
		}
		t.access.paths[accessKey{a.Client, a.Type}] = paths
	}
	return nil
}

// HasAccess tells whether a client has an access schema of a kind.
func (t *Type) HasAccess(client profile.ID, access AccessType) bool {
	_, ok := t.access.paths[accessKey{client, access}]
	return ok
}

// For gives the type as a client's access schema shows it; the type itself
// where the client has none. What a reading client may not see does not exist
// for it (Restrict); what a writing one may not name stays as it is (Writable).
func (t *Type) For(client profile.ID, access AccessType) *Type {
	key := accessKey{client, access}
	paths, ok := t.access.paths[key]
	if !ok {
		return t
	}
	if seen, ok := t.access.seen.Load(key); ok {
		return seen.(*Type)
	}
	var made *Type
	var err error
	if access == AccessRead || access == AccessReadWithToken {
		made, err = t.Restrict(paths)
	} else {
		made, err = t.Writable(paths)
	}
	if err != nil {
		panic("schema: an access schema that was compiled: " + err.Error())
	}
	seen, _ := t.access.seen.LoadOrStore(key, made)
	return seen.(*Type)
}

// Listed gives the attributes that a client's access schema lists, for reading
// or for writing, as a type of their own; the type itself where it has none.
func (t *Type) Listed(client profile.ID, access AccessType) *Type {
	paths, ok := t.access.paths[accessKey{client, access}]
	if !ok {
		return t
	}
	listed, err := t.Restrict(paths)
	if err != nil {
		panic("schema: an access schema that was compiled: " + err.Error())
	}
	return listed
}

// Nothing gives the type as somebody writes to who may write no attribute.
func (t *Type) Nothing() *Type { return t.access.none() }

// WritesAll tells whether nothing of the type is kept from who writes to it.
func (t *Type) WritesAll() bool { return !t.root.partial }

// WritesNothing tells whether everything is.
func (t *Type) WritesNothing() bool {
	return t.root.partial && !slices.ContainsFunc(t.root.Children, func(a *Attribute) bool { return !a.Reserved && !a.locked })
}
