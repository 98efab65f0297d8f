package console

import (
	"fmt"
	"net/http"
	"strconv"

	"facet/internal/face"
	"facet/internal/profile"
)

// statuses are those of the kinds of error.
var statuses = map[profile.Kind]int{
	profile.Malformed: http.StatusBadRequest, profile.Invalid: http.StatusUnprocessableEntity, profile.Missing: http.StatusUnprocessableEntity,
	profile.Unknown: http.StatusUnprocessableEntity, profile.Taken: http.StatusConflict, profile.NotFound: http.StatusNotFound,
	profile.Unauthenticated: http.StatusUnauthorized, profile.Expired: http.StatusUnauthorized, profile.Forbidden: http.StatusForbidden,
	profile.Conflict: http.StatusConflict, profile.TooLarge: http.StatusRequestEntityTooLarge, profile.Limited: http.StatusTooManyRequests,
	profile.Busy: http.StatusServiceUnavailable, profile.MethodNotAllowed: http.StatusMethodNotAllowed,
}

func statusOf(e *profile.Error) int {
	if status, ok := statuses[e.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// problem is an error as people read it: what happened, and what to do.
type problem struct {
	Status int
	Title  string
	Text   string
	ID     string // of the request, to find it in the log; "" where nobody needs it
}

func problemOf(e *profile.Error, call *face.Call) problem {
	p := problem{Status: statusOf(e)}
	switch {
	case e == errStale:
		p.Title, p.Text = "This page is out of date", "Nothing was changed. Load the page again and repeat what you did."
	case e.Kind == profile.NotFound:
		p.Title, p.Text = "There is nothing here", "It may have been erased, or the link is not complete. Search for it above."
	case e.Kind == profile.Forbidden:
		p.Title, p.Text = "You may not do this", "Your roles do not allow it. Whoever manages this site can give you one that does."
	case e.Kind == profile.Limited || e.Kind == profile.Busy:
		p.Title, p.Text = "Not now", sayWait(e)
	case e.Kind == profile.MethodNotAllowed:
		p.Title, p.Text = "This address takes no such request", "Go back and use the page's own buttons."
	case e.Kind == profile.TooLarge:
		p.Title, p.Text = "That is too large", sentence(e.Message)
	case e.Kind == profile.Internal:
		p.Title, p.Text, p.ID = "Something went wrong on our side", "Nothing was changed. Try again; if it goes on, give whoever runs the server this number:", call.ID
	default:
		p.Title, p.Text = "That did not work", saying(e)
	}
	return p
}

// saying is an error's text as a sentence, for people.
func saying(e *profile.Error) string {
	switch {
	case e.Kind == profile.Taken:
		return "Somebody else has this already. Choose another one."
	case e.Code == profile.CodeVersionMismatch:
		return "Somebody else changed this meanwhile. Load the page again to see it as it is now."
	case e.Code == profile.CodeLastManager:
		return "The organization that owns the site needs at least one manager. Give somebody else that role first."
	case e.Code == profile.CodePassword || e.Code == profile.CodeCredentials:
		return "The password is not right."
	case e.Code == profile.CodeOneTime || e.Code == profile.CodeOneTimeRequired:
		return "That code is not right. Use the newest one that your app shows."
	case e.Kind == profile.Limited || e.Kind == profile.Busy:
		return sayWait(e)
	case e.Kind == profile.Internal || e.Message == "":
		return "That did not work. Try again."
	}
	return sentence(e.Message)
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	if c := text[0]; 'a' <= c && c <= 'z' {
		text = string(c-'a'+'A') + text[1:]
	}
	if last := text[len(text)-1]; last != '.' && last != '!' && last != '?' {
		text += "."
	}
	return text
}

func sayWait(e *profile.Error) string {
	switch {
	case e.Retry > 90:
		return fmt.Sprintf("Too many tries. Wait %d minutes and try again.", (e.Retry+59)/60)
	case e.Retry > 1:
		return fmt.Sprintf("Too many tries. Wait %d seconds and try again.", e.Retry)
	}
	return "The server is busy. Try again in a moment."
}

// Fail shows an error: as a page, or where htmx asks in the place for messages.
// Who is not signed in is asked to do so: where a page has to go on, within it.
func (c *Console) Fail(w http.ResponseWriter, r *http.Request, call *face.Call, err error) {
	e := profile.AsError(err)
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	shown := error(nil)
	var refused *signInRefusal
	switch {
	case asError(err, &refused) && e.Kind != profile.Internal:
		shown = c.failSignIn(w, r, call, refused)
	case e.Kind == profile.Unauthenticated || e.Kind == profile.Expired:
		call.Who.Subject = profile.ID{}
		if isPart(r) {
			w.Header().Set("Hx-Retarget", "#dialog")
			w.Header().Set("Hx-Reswap", "innerHTML")
			shown = c.part(w, r, call, http.StatusUnauthorized, "signin-here", signInForm{Here: true})
			break
		}
		to := "/console"
		if r.Method == http.MethodGet {
			to = next(r.URL.RequestURI())
		}
		shown = c.show(w, r, call, http.StatusUnauthorized, page{Name: "signin", Title: "Sign in", Data: signInForm{Next: to}})
	case isPart(r):
		w.Header().Set("Hx-Retarget", "#messages")
		w.Header().Set("Hx-Reswap", "innerHTML")
		shown = c.part(w, r, call, statusOf(e), "message-error", problemOf(e, call))
	default:
		p := problemOf(e, call)
		shown = c.show(w, r, call, p.Status, page{Name: "problem", Title: p.Title, Data: p})
	}
	if shown != nil {
		secure(w.Header(), r, call)
		http.Error(w, "Something went wrong. The log has request "+call.ID+".", http.StatusInternalServerError)
	}
}
