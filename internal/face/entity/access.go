package entity

import (
	"net/http"
	"time"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/schema"
)

// How many seconds codes and creation tokens live when nothing is said.
const (
	codeSeconds     = 30
	creationSeconds = 3600
)

// lifetime reads how long something that is issued is to live.
func (f *form) lifetime(def int) (time.Duration, error) {
	n, err := f.number("lifetime", def, 1, int(directory.MaxLife/time.Second))
	return time.Duration(n) * time.Second, err
}

// getAccessToken is access/getAccessToken: {"accessToken":"…","stat":"ok"}.
func getAccessToken(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	token, err := c.Site.IssueToken(r.Context(), c.Who, t.typeName, t.sel, f.text("for_client_id"))
	if err != nil {
		return issueError(err)
	}
	sendText(w, "accessToken", token)
	return nil
}

func issueError(err error) error {
	return argumentError(selectorError(err), "for_client_id", "redirect_uri", "transaction_state", "attribute_name")
}

// getAuthorizationCode is access/getAuthorizationCode:
// {"authorizationCode":"…","stat":"ok"}.
func getAuthorizationCode(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	in := directory.AuthorizationCode{Client: f.text("for_client_id")}
	if in.Redirect, err = f.needText("redirect_uri"); err != nil {
		return err
	}
	if in.Life, err = f.lifetime(codeSeconds); err != nil {
		return err
	}
	if state := f.text("transaction_state"); state != "" {
		if err := schema.CheckJSON([]byte(state), face.MaxDepth); err != nil {
			return documentError(err, "transaction_state")
		}
		in.State = schema.Compact(nil, []byte(state))
	}
	code, err := c.Site.IssueCode(r.Context(), c.Who, t.typeName, t.sel, in)
	if err != nil {
		return issueError(err)
	}
	sendText(w, "authorizationCode", code)
	return nil
}

// getCreationToken is access/getCreationToken:
// {"creation_token":"…","stat":"ok"}.
func getCreationToken(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, err := f.needText("type_name")
	if err != nil {
		return err
	}
	life, err := f.lifetime(creationSeconds)
	if err != nil {
		return err
	}
	token, err := c.Site.IssueCreation(r.Context(), c.Who, typeName, life, f.text("for_client_id"))
	if err != nil {
		return issueError(err)
	}
	sendText(w, "creation_token", token)
	return nil
}

// getVerificationCode is access/getVerificationCode:
// {"verification_code":"…","stat":"ok"}.
func getVerificationCode(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	attribute, err := f.needText("attribute_name")
	if err != nil {
		return err
	}
	life, err := f.lifetime(codeSeconds)
	if err != nil {
		return err
	}
	code, err := c.Site.IssueVerification(r.Context(), c.Who, t.typeName, t.sel, attribute, life)
	if err != nil {
		return issueError(err)
	}
	sendText(w, "verification_code", code)
	return nil
}

// useVerificationCode is access/useVerificationCode: {"uuid":"…","stat":"ok"}.
func useVerificationCode(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	code, err := c.Form.(*form).needText("verification_code")
	if err != nil {
		return err
	}
	id, err := c.Site.UseVerification(r.Context(), code)
	if err != nil {
		return err
	}
	sendText(w, "uuid", id.String())
	return nil
}
