package entity

import (
	"strconv"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// target is the record that a call is about.
type target struct {
	typeName string
	sel      directory.Selector
	guards   directory.Guards
}

// readTarget reads which record a call is about: exactly one of uuid, id, and
// key_attribute with key_value. With a user's token it is the user's own
// record, whatever else is said. (Identity Cloud Entity API, entity.)
func readTarget(f *form, who access.Principal) (t target, err error) {
	t.guards = directory.Guards{Created: f.text("created"), Updated: f.text("lastUpdated")}
	if t.guards.Updated == "" {
		t.guards.Updated = f.text("last_updated") // the older spelling
	}
	if !who.Client {
		t.typeName, t.sel.Own = defaultType, true
		return t, nil
	}
	if t.typeName = f.text("type_name"); t.typeName == "" {
		return t, missingArgument("type_name")
	}
	t.sel, err = readSelector(f)
	return t, err
}

// defaultType is the type of record where a call may leave it out.
const defaultType = "user"

func readSelector(f *form) (sel directory.Selector, err error) {
	uuid, id, key := f.text("uuid"), f.text("id"), f.text("key_attribute")
	value, hasValue := f.Get("key_value")
	switch {
	case uuid != "" && id != "", uuid != "" && key != "", id != "" && key != "":
		return sel, duplicate("only one of uuid, id and key_attribute may be given")
	case uuid != "":
		if sel.ID, err = profile.ParseID(uuid); err != nil {
			return sel, badArgument("uuid", "invalid uuid")
		}
	case id != "":
		if sel.Number, err = strconv.ParseInt(id, 10, 64); err != nil {
			return sel, badArgument("id", "invalid id")
		}
	case key != "":
		if !hasValue {
			return sel, missingArgument("key_value")
		}
		sel.Key, sel.Value = key, []byte(value)
	case hasValue:
		return sel, missingArgument("key_attribute")
	default:
		return sel, missingArgument("uuid")
	}
	return sel, nil
}

// selectorError names the argument in what directory says of a selector.
func selectorError(err error) error {
	return argumentError(err, "key_attribute", "key_value", "password_attribute")
}
