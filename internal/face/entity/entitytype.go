package entity

import (
	"context"
	"net/http"
	"strings"

	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// entityType is entityType: {"schema":{"name":"user","attr_defs":[…]},"stat":"ok"},
// the reserved attributes first, then the others by name; remove_reserved
// leaves the reserved ones out.
func entityType(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName := f.text("type_name")
	if typeName == "" {
		return missingArgument("type_name")
	}
	bare, err := f.flag("remove_reserved")
	if err != nil {
		return err
	}
	typ, err := c.Site.EntityType(r.Context(), c.Who, typeName)
	if err != nil {
		return err
	}
	if bare {
		sendSchema(w, typ.Name, typ.Defs())
		return nil
	}
	sendSchema(w, typ.Name, typ.AllDefs())
	return nil
}

func sendSchema(w http.ResponseWriter, name string, defs []schema.AttrDef) {
	p := takeBuffer()
	defer giveBuffer(p)
	b := schema.AppendString(append(*p, `{"schema":{"name":`...), name)
	b = schema.AppendDefs(append(b, `,"attr_defs":`...), defs)
	*p = append(b, `},"stat":"ok"}`...)
	send(w, *p)
}

// typeList is entityType.list: {"results":["community","organization","user"],"stat":"ok"}.
func typeList(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	names, err := c.Site.EntityTypes(r.Context(), c.Who)
	if err != nil {
		return err
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(*p, `{"results":[`...)
	for _, n := range names {
		b = append(schema.AppendString(b, n), ',')
	}
	*p = append(closeList(b), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// typeCreate is entityType.create; it answers the new type.
func typeCreate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeType(w, r, c, func(ctx context.Context, f *form, typeName string) (*schema.Type, error) {
		text, err := f.need("attr_defs")
		if err != nil {
			return nil, err
		}
		defs, err := schema.ParseDefs([]byte(text))
		if err != nil {
			return nil, definitionError(err, "attr_defs")
		}
		typ, err := c.Site.CreateEntityType(ctx, c.Who, typeName, defs)
		return typ, documentError(err, "type_name")
	})
}

// typeDelete is entityType.delete; only with commit=true the type goes, and all
// its records. Its arguments stand in the body alone, so that no link can
// delete.
func typeDelete(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form).withoutQuery()
	typeName := f.text("type_name")
	if typeName == "" {
		return missingArgument("type_name")
	}
	commit, err := f.flag("commit")
	if err != nil {
		return err
	}
	if err := c.Site.DeleteEntityType(r.Context(), c.Who, typeName, commit); err != nil {
		return err
	}
	send(w, okBody)
	return nil
}

// changeType is what the operations have in common that change a type and
// answer it: {"schema":{…},"stat":"ok"}. A change that is not done within
// timeout is error 504, and goes on.
func changeType(w http.ResponseWriter, r *http.Request, c *face.Call, change func(context.Context, *form, string) (*schema.Type, error)) error {
	f := c.Form.(*form)
	typeName := f.text("type_name")
	if typeName == "" {
		return missingArgument("type_name")
	}
	typ, err := change(r.Context(), f, typeName)
	if err != nil {
		return err
	}
	sendSchema(w, typ.Name, typ.AllDefs())
	return nil
}

// changeAttribute is changeType for one attribute that is there.
func changeAttribute(w http.ResponseWriter, r *http.Request, c *face.Call, name string, change func(ctx context.Context, f *form, typeName, path string) (*schema.Type, error)) error {
	return changeType(w, r, c, func(ctx context.Context, f *form, typeName string) (*schema.Type, error) {
		path := f.text(name)
		if path == "" {
			return nil, missingArgument(name)
		}
		return change(ctx, f, typeName, path)
	})
}

// addAttribute is entityType.addAttribute. The name in attr_def may be a path
// into an object or plural.
func addAttribute(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeType(w, r, c, func(ctx context.Context, f *form, typeName string) (*schema.Type, error) {
		text, err := f.need("attr_def")
		if err != nil {
			return nil, err
		}
		var def schema.AttrDef
		if err := def.UnmarshalJSON([]byte(text)); err != nil {
			return nil, definitionError(err, "attr_def")
		}
		typ, err := c.Site.AddAttribute(ctx, c.Who, typeName, def)
		return typ, argumentError(err, "attr_def")
	})
}

// removeAttribute is entityType.removeAttribute: the values go too.
func removeAttribute(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeAttribute(w, r, c, "attribute_name", func(ctx context.Context, _ *form, typeName, path string) (*schema.Type, error) {
		return c.Site.RemoveAttribute(ctx, c.Who, typeName, path)
	})
}

// renameAttribute is entityType.renameAttribute: the values keep.
func renameAttribute(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeAttribute(w, r, c, "source_name", func(ctx context.Context, f *form, typeName, path string) (*schema.Type, error) {
		to := f.text("target_name")
		if to == "" {
			return nil, missingArgument("target_name")
		}
		typ, err := c.Site.RenameAttribute(ctx, c.Who, typeName, path, to)
		return typ, argumentError(err, "source_name", "target_name")
	})
}

// setConstraints is entityType.setAttributeConstraints: those given are all the
// attribute has from then on.
func setConstraints(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeAttribute(w, r, c, "attribute_name", func(ctx context.Context, f *form, typeName, path string) (*schema.Type, error) {
		constraints, ok, err := f.list("constraints")
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, missingArgument("constraints")
		}
		return c.Site.SetAttributeConstraints(ctx, c.Who, typeName, path, constraints)
	})
}

// setAttributeDescription is entityType.setAttributeDescription. The description is a
// JSON string; a text that does not begin like one is taken as it is.
func setAttributeDescription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return changeAttribute(w, r, c, "attribute_name", func(ctx context.Context, f *form, typeName, path string) (*schema.Type, error) {
		text, err := f.need("description")
		if err != nil {
			return nil, err
		}
		if quoted := strings.TrimSpace(text); strings.HasPrefix(quoted, `"`) {
			if err := schema.CheckJSON([]byte(quoted), 1); err != nil {
				return nil, badArgument("description", syntaxText)
			}
			text, _ = schema.Text([]byte(quoted))
		}
		return c.Site.SetAttributeDescription(ctx, c.Who, typeName, path, text)
	})
}

// definitionError is a definition that cannot be read, with the reason.
func definitionError(err error, argument string) error {
	e := profile.AsError(err)
	if e.Kind == profile.Internal {
		return err
	}
	if e.Code == profile.CodeSyntax {
		return badArgument(argument, syntaxText)
	}
	return badArgument(argument, "%s", e.Message)
}
