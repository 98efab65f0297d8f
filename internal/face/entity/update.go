package entity

import (
	"context"
	"net/http"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// update is entity.update: what attributes (or value, its synonym) names is
// written, below attribute_name if that is given. include_record answers the
// record, or the value at attribute_name.
func update(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return change(w, r, c, c.Site.UpdateEntity)
}

// change reads what entity.update and entity.replace take, and answers.
func change(w http.ResponseWriter, r *http.Request, c *face.Call, write func(context.Context, access.Principal, string,
	directory.Selector, directory.Guards, directory.EntityChange) (directory.Entity, error),
) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	argument, document, err := readDocument(f)
	if err != nil {
		return err
	}
	whole, err := f.flag("include_record")
	if err != nil {
		return err
	}
	path := f.text("attribute_name")
	e, err := write(r.Context(), c.Who, t.typeName, t.sel, t.guards, directory.EntityChange{Path: path, Value: []byte(document)})
	if err != nil {
		return documentError(selectorError(err), argument)
	}
	if !whole {
		send(w, okBody)
		return nil
	}
	return sendResult(w, func(dst []byte) ([]byte, error) {
		out, err := e.RenderAt(dst, path)
		if profile.IsCode(err, profile.CodeUnknownAttribute) { // it is written: who may not read it is no error
			return append(dst, "null"...), nil
		}
		return out, err
	})
}

// readDocument reads the JSON that is to be written, and which of the two
// arguments it came in.
func readDocument(f *form) (argument, document string, err error) {
	attributes, ok := f.Get("attributes")
	value, too := f.Get("value")
	switch {
	case ok && too:
		return "", "", duplicate("only one of attributes and value may be given")
	case ok:
		return "attributes", attributes, nil
	case too:
		return "value", value, nil
	}
	return "", "", missingArgument("attributes")
}
