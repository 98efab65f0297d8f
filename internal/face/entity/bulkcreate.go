package entity

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// maxBulk is the most bytes of entity.bulkCreate's body: a mebibyte of JSON is
// up to three, form-encoded, and clients send rows of a mebibyte at once.
const maxBulk = 16 << 20

// bulkCreate is entity.bulkCreate: {"uuid_results":[…],"results":[…],"stat":"ok"},
// both as long as all_attributes. A row that cannot be made has the same error
// object in both.
func bulkCreate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, err := f.need("type_name")
	if err != nil {
		return err
	}
	rows, err := readRows(f)
	if err != nil {
		return err
	}
	how, err := readCommit(f)
	if err != nil {
		return err
	}
	made, err := c.Site.CreateEntities(r.Context(), c.Who, typeName, rows, how)
	if err != nil {
		return rowError(err)
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(*p, `{"uuid_results":[`...)
	for i := range made {
		if made[i].Err != nil {
			b = append(appendRowError(b, timeoutError(r.Context(), made[i].Err)), ',')
			continue
		}
		b = append(append(append(b, '"'), made[i].ID.String()...), '"', ',')
	}
	b = append(closeList(b), `,"results":[`...)
	for i := range made {
		if made[i].Err != nil {
			b = append(appendRowError(b, timeoutError(r.Context(), made[i].Err)), ',')
			continue
		}
		b = append(strconv.AppendInt(b, made[i].Number, 10), ',')
	}
	*p = append(closeList(b), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// closeList ends a list whose elements each have a comma after them.
func closeList(b []byte) []byte {
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, ']')
}

// readRows reads all_attributes, a JSON array; what stands in it is each row's
// own matter.
func readRows(f *form) ([][]byte, error) {
	const name = "all_attributes"
	v, err := f.need(name)
	if err != nil {
		return nil, err
	}
	raw := []byte(v)
	if err := schema.CheckJSON(raw, schema.MaxDocumentDepth+1); err != nil {
		return nil, documentError(err, name)
	}
	rows, ok := schema.Elements(raw)
	if !ok {
		return nil, badArgument(name, "it must be a JSON array of objects")
	}
	return rows, nil
}

// readCommit reads commit_each; smart is taken with the quotes of JSON and
// without.
func readCommit(f *form) (directory.Commit, error) {
	switch v := f.text("commit_each"); {
	case v == "" || strings.EqualFold(v, "true"):
		return directory.CommitEach, nil
	case strings.EqualFold(v, "false"):
		return directory.CommitAll, nil
	case strings.EqualFold(strings.Trim(v, `"`), "smart"):
		return directory.CommitSmart, nil
	}
	return 0, badArgument("commit_each", `it must be true, false or "smart"`)
}

// rowError tells, in the error that kept all rows from being made, which row
// it was.
func rowError(err error) error {
	var at *directory.RowError
	if !errors.As(err, &at) {
		return documentError(err, "all_attributes")
	}
	e := *profile.AsError(at.Err)
	if e.Kind == profile.Internal {
		return err
	}
	e.Detail = map[string]any{rowDetail: "all_attributes[" + strconv.Itoa(at.Row) + "]"}
	return &e
}
