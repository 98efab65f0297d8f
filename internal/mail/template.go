package mail

import (
	"embed"
	"errors"
	"fmt"
	"html"
	"net/url"
	"reflect"
	"strings"
	"text/template"
	"time"

	"facet/internal/profile"
)

// Data is what the templates can say. Which fields a template needs is told
// beside its name below; Recipient and Expires may always be left out. Each is
// one line of plain text, but for Text.
type Data struct {
	Site      string    // the site's title
	Recipient string    // the name of the person written to
	Inviter   string    // who acts, a person's or an organization's name
	What      string    // what is offered, as a noun: "a subscription to Premium", "the role manager of Cowork"
	Link      string    // an absolute http or https URL, made from the site's public base URL
	Code      string    // what the person has to type
	Subject   string    // of a notice
	Text      string    // of a notice; may have several lines
	Expires   time.Time // when Link or Code ends; shown in UTC
}

// The names of the templates.
const (
	Invitation = "invitation" // Site, Inviter, What, Link: someone was granted a role or subscription
	Verify     = "verify"     // Site, Link: is this your address?
	Welcome    = "welcome"    // Site, What, Link: choose a password for what you registered
	Recover    = "recover"    // Site, Code: a code to sign in, or to set a new password
	Reset      = "reset"      // Site, Link: choose a new password
	Notice     = "notice"     // Site, Subject, Text: something happened
)

//go:embed templates/*.txt
var files embed.FS

// templates are executed with a map or a struct; either way a field that is
// not there is an error.
var templates = template.Must(template.New("").
	Option("missingkey=error").
	Funcs(template.FuncMap{"need": need, "link": link, "date": date}).
	ParseFS(files, "templates/*.txt"))

// Render makes the message name from data, which is a Data or a map with the
// same keys (what a Data stored as JSON is read back as). The first line of a
// template is the subject; the HTML alternative is made from the text. A
// field that is missing, empty or not of one line is a *profile.Error of kind
// Missing or Invalid that names it, an unknown template one of kind Unknown.
func Render(name string, data any, from, to string) (Message, error) {
	t := templates.Lookup(name + ".txt")
	if t == nil {
		return Message{}, profile.E(profile.Unknown, profile.CodeInvalid, "template", "no mail template %q", name)
	}
	if err := checkData(data); err != nil {
		return Message{}, err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		if e := (*profile.Error)(nil); errors.As(err, &e) {
			return Message{}, e
		}
		return Message{}, &profile.Error{Kind: profile.Missing, Code: profile.CodeRequired, Field: name,
			Message: "the mail template needs a field that is not there", Err: err}
	}
	head, text, _ := strings.Cut(b.String(), "\n\n")
	m := Message{From: from, To: to, Subject: strings.TrimPrefix(head, "Subject: "), Text: text, HTML: toHTML(text)}
	if err := m.Validate(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// checkData keeps a name from adding lines to a message: what people typed
// stays within its line.
func checkData(data any) error {
	check := func(field string, v reflect.Value) error {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		switch {
		case v.Kind() != reflect.String:
			return nil
		case field == "Text":
			return body(field, v.String())
		default:
			return line(field, v.String())
		}
	}
	v := reflect.Indirect(reflect.ValueOf(data))
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if err := check(v.Type().Field(i).Name, v.Field(i)); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		for it := v.MapRange(); it.Next(); {
			if err := check(it.Key().String(), it.Value()); err != nil {
				return err
			}
		}
	default:
		return profile.E(profile.Invalid, profile.CodeInvalid, "data", "mail data is a struct or a map")
	}
	return nil
}

func need(field string, v any) (string, error) {
	s := ""
	if v != nil {
		s = strings.TrimSpace(fmt.Sprint(v))
	}
	if s == "" {
		return "", profile.E(profile.Missing, profile.CodeRequired, field, "the mail template needs it")
	}
	return s, nil
}

func link(field string, v any) (string, error) {
	s, err := need(field, v)
	if err != nil {
		return "", err
	}
	if !isLink(s) {
		return "", profile.E(profile.Invalid, profile.CodeInvalid, field, "not an absolute http or https URL")
	}
	return s, nil
}

func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsAny(s, " \t<>\"")
}

// date reads a time, or the text that JSON made of one; the zero time is "".
func date(v any) (string, error) {
	t, ok := v.(time.Time)
	if s, isText := v.(string); isText && s != "" {
		var err error
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			return "", profile.E(profile.Invalid, profile.CodeDateTime, "Expires", "not a time of RFC 3339")
		}
	} else if !ok && !isText && v != nil {
		return "", profile.E(profile.Invalid, profile.CodeType, "Expires", "not a time")
	}
	if t.IsZero() {
		return "", nil
	}
	return t.UTC().Format("2 January 2006 15:04 UTC"), nil
}

// toHTML gives a text as HTML: paragraphs, and links where a whole line is
// one. Nothing of the text is read as markup.
func toHTML(text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><body>\n")
	for para := range strings.SplitSeq(text, "\n\n") {
		para = strings.Trim(para, "\n")
		if para == "" {
			continue
		}
		b.WriteString("<p>")
		for i, l := range strings.Split(para, "\n") {
			if i > 0 {
				b.WriteString("<br>\n")
			}
			if e := html.EscapeString(l); isLink(l) {
				fmt.Fprintf(&b, `<a href="%s">%s</a>`, e, e)
			} else {
				b.WriteString(e)
			}
		}
		b.WriteString("</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
