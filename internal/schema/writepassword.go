package schema

import "facet/internal/profile"

func (w *writer) password(a *Attribute, v PasswordValue) error {
	if w.out.Passwords == nil {
		w.out.Passwords = map[string]PasswordValue{}
	}
	w.out.Passwords[a.Path] = v
	return nil
}

// readPassword takes a plain password or {"type","value","salt"}. An object
// without a value is what a read gives; written back it changes nothing.
func (w *writer) readPassword(a *Attribute, in []byte) error {
	if plain, ok := Text(in); ok {
		if a.rules != nil {
			if err := a.rules.judge(a, in, &w.env); err != nil {
				return err
			}
		}
		return w.password(a, PasswordValue{Plain: plain})
	}
	if in[0] != '{' {
		return wrongType(a)
	}
	var v PasswordValue
	for c := enter(in, 0); ; {
		raw, val, ok := c.member()
		if !ok {
			break
		}
		var field *string
		switch name := string(unescape(nil, raw)); name {
		case "type":
			field = &v.Type
		case "value":
			field = &v.Value
		case "salt":
			field = &v.Salt
		default:
			return unknownAttribute(join(a.Path, name))
		}
		if val[0] == 'n' {
			continue
		}
		if *field, ok = Text(val); !ok {
			return wrongType(a)
		}
	}
	if typ, ok := parseType(v.Type); !ok || typ != Password {
		return profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s has an unknown type of password", slash(a.Path))
	}
	if v.Value == "" {
		return nil
	}
	return w.password(a, v)
}
