package console

import (
	"embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"facet/internal/directory"
	"facet/internal/profile"
)

//go:embed templates
var templateFiles embed.FS

// templates are all of them, read once.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"asset": assetPath, "icon": icon, "at": at, "num": num, "initials": initials, "kind": kindName, "picture": func(who any) string { return pictureOf(subjectOf(who)) },
		"name": func(who any) string { p := subjectOf(who); return p.FullName() },
		"text": func(who any, path string) string { p := subjectOf(who); return p.Text(path) },
		"dict": dict, "bytes": sizeOf, "ms": milliseconds, "day": func(t time.Time) string { return t.Format("2 Jan") }, "words": words,
		"kindclass": func(t profile.Type) string { return plotClasses[t] }, "kindword": kindWord, "kinds": kindPlural, "facename": faceName,
		"list": func(words ...string) []string { return words }, "pairs": pairs, "saved": savedElements, "len64": func(b []byte) int64 { return int64(len(b)) },
		"id": func(id profile.ID) string { return id.String() },
	}).ParseFS(templateFiles, "templates/*.html"))
})

// icon draws one of the sprite that the layout carries.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-` + template.HTMLEscapeString(name) + `"/></svg>`)
}

// at shows a time: in UTC, until the page's script puts it into the viewer's
// zone.
func at(t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="none">never</span>`
	}
	t = t.UTC()
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2006-01-02 15:04") + " UTC</time>")
}

// num writes a number with thin spaces between thousands.
func num(v any) string {
	text := fmt.Sprint(v)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return sign + text
}

// initials stand where somebody has no picture.
func initials(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out += string(unicode.ToUpper(r))
				break
			}
		}
		if len([]rune(out)) == 2 {
			break
		}
	}
	if out == "" {
		return "?"
	}
	return out
}

var kindNames = map[profile.Type]string{
	profile.User: "Person", profile.Organization: "Organization", profile.Community: "Community",
	profile.Household: "Household profile", profile.Document: "App document", profile.Plan: "Plan",
}

func kindName(t profile.Type) string {
	if name := kindNames[t]; name != "" {
		return name
	}
	return string(t)
}

// pictureOf is where a picture of ours is, "" for none and for those elsewhere:
// pages load nothing from there.
func pictureOf(p directory.Subject) string {
	if at := p.Picture(); strings.HasPrefix(at, directory.FilePath) {
		return at
	}
	return ""
}

// dict makes the argument of a template of several.
func dict(pairs ...any) (map[string]any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("console: dict: %v is no name", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

// sizeOf writes a number of bytes.
func sizeOf(n int64) string {
	v, unit := float64(n), 0
	for v >= 1000 && unit < 4 {
		v, unit = v/1000, unit+1
	}
	places := 1
	if unit == 0 || v >= 100 {
		places = 0
	}
	return strconv.FormatFloat(v, 'f', places, 64) + "\u202f" + []string{"B", "kB", "MB", "GB", "TB"}[unit]
}

func milliseconds(d time.Duration) string {
	switch v := float64(d) / float64(time.Millisecond); {
	case d == 0:
		return "–"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64) + "\u202fms"
	default:
		return strconv.FormatFloat(v, 'f', 0, 64) + "\u202fms"
	}
}

// words parts a name of two words in camel case, as attributes have it:
// "primaryAddress" is "Primary address".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		case r == '_':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// kindWord is a type in addresses.
func kindWord(t profile.Type) string {
	for word, of := range listTypes {
		if of == t {
			return word
		}
	}
	return ""
}

func kindPlural(t profile.Type) string {
	if t == profile.User {
		return "People"
	}
	if t == profile.Community {
		return "Communities"
	}
	return kindName(t) + "s"
}

// faceNames are the APIs as their documents call them.
var faceNames = map[string]string{"djaoapp": "DjaoApp", "entity": "Entity API", "cloudillo": "Cloudillo", "household": "Household profiles", "appdata": "Sentinel"}

func faceName(name string) string {
	if title := faceNames[name]; title != "" {
		return title
	}
	return name
}

// choice is an option of a list.
type choice struct{ Value, Text string }

func pairs(texts ...string) []choice {
	var out []choice
	for i := 0; i+1 < len(texts); i += 2 {
		out = append(out, choice{texts[i], texts[i+1]})
	}
	return out
}

// savedElements leaves out the one that is not there yet.
func savedElements(all []*element) []*element { return all[:max(0, len(all)-1)] }

// subjectOf is who a template speaks of.
func subjectOf(who any) directory.Subject {
	switch who := who.(type) {
	case directory.Subject:
		return who
	case directory.Identity:
		return who.Subject
	case directory.Record:
		return who.Subject
	}
	return directory.Subject{}
}
