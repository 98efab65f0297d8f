package schema

import (
	"regexp"
	re2 "regexp/syntax"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"facet/internal/profile"
)

// Limits of a rule's definition. Patterns are RE2: matching takes time linear
// in the text, times the size of the program.
const (
	maxRuleNodes = 200
	maxRuleDepth = 10
	maxPattern   = 1000 // bytes
	maxProgram   = 2000 // instructions
	maxYears     = 200
)

// rules are what the rules of a type ask of one attribute: transforms run
// first, in the order they were added, then the checks (Identity Cloud,
// "Validation rules").
type rules struct {
	keepFirst bool   // ignore-update
	replaces  bool   // a transform makes another value of a given one, or of null: all but to-lower
	def       []byte // what takes the place of null; nil: nothing
	alter     []func(string) string
	checks    []check
}

type check struct {
	rule        *rule
	description string
}

// rule is a node of a definition that judges.
type rule struct {
	name string
	n    int            // of min-length, max-length, min-age
	key  string         // of less-than, greater-than: a number's key
	re   *regexp.Regexp // of match, match-all
	of   []*rule        // of and, or, not
}

// verdict is what a rule says of a value; of null most say unknown, and only
// what is broken counts.
type verdict uint8

const (
	unknown verdict = iota
	kept
	broken
)

// ruleReader reads one definition for several attributes.
type ruleReader struct {
	attrs []*Attribute
	nodes int
}

func badRule(format string, args ...any) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "definition", format, args...)
}

// KeepsGiven reports whether the attribute's rules leave what is written to it as
// it was given, but for the case of its letters made lower.
func (a *Attribute) KeepsGiven() bool { return a.rules == nil || !a.rules.replaces }

func (t *Type) addRule(p *Property, attrs []*Attribute) error {
	for _, a := range attrs {
		if !a.IsScalar() && a.Type != Password {
			return profile.E(profile.Invalid, profile.CodeInvalid, "attributes", "%s cannot have a rule: it has no value of its own", slash(a.Path))
		}
		if a.rules == nil {
			a.rules = &rules{}
		}
	}
	if p.Definition == nil {
		return badRule("a rule needs one")
	}
	if err := p.Tidy(); err != nil {
		return err
	}
	r := ruleReader{attrs: attrs}
	return r.top(p.Definition, p.Description, 0)
}

// top reads a rule that stands alone or in an "and" at the top, where
// transforms may stand.
func (r *ruleReader) top(b []byte, description string, depth int) error {
	name, arg, err := r.open(b, depth)
	if err != nil {
		return err
	}
	if name == "and" && arg != nil && arg[0] == '[' {
		some := false
		for c := enter(arg, 0); ; some = true {
			el, ok := c.element()
			if !ok {
				break
			}
			if err := r.top(el, description, depth+1); err != nil {
				return err
			}
		}
		if !some {
			return badRule("the list of %q is empty", name)
		}
		return nil
	}
	transform, err := r.transform(name, arg)
	if transform || err != nil {
		return err
	}
	judge, err := r.judging(name, arg, depth)
	if err != nil {
		return err
	}
	for _, a := range r.attrs {
		a.rules.checks = append(a.rules.checks, check{judge, description})
	}
	return nil
}

// open takes a node apart: a bare string is a rule without an argument, an
// object has one member.
func (r *ruleReader) open(b []byte, depth int) (name string, arg []byte, err error) {
	if r.nodes++; r.nodes > maxRuleNodes {
		return "", nil, badRule("it has more than %d rules", maxRuleNodes)
	}
	if depth > maxRuleDepth {
		return "", nil, badRule("it is nested more than %d levels deep", maxRuleDepth)
	}
	if s, ok := Text(b); ok {
		return s, nil, nil
	}
	if b[0] != '{' {
		return "", nil, badRule("a rule is a string or an object, not %s", b)
	}
	c := enter(b, 0)
	raw, val, ok := c.member()
	if !ok {
		return "", nil, badRule("a rule is missing: {}")
	}
	if _, _, more := c.member(); more {
		return "", nil, badRule("one object holds more than one rule; use \"and\"")
	}
	return string(unescape(nil, raw)), val, nil
}

// transform reads a rule that changes values; false if name is none.
func (r *ruleReader) transform(name string, arg []byte) (bool, error) {
	only := func(ok func(a *Attribute) bool, what string) error {
		for _, a := range r.attrs {
			if !ok(a) {
				return badRule("%q is for %s, which %s is not", name, what, slash(a.Path))
			}
		}
		return nil
	}
	isText := func(a *Attribute) bool { return a.Type == String }
	var alter func(string) string
	switch name {
	case "default":
		if arg == nil || arg[0] == 'n' {
			return true, badRule("%q needs a value", name)
		}
		for _, a := range r.attrs {
			if a.Type == Password {
				return true, badRule("%q is not for passwords", name)
			}
			w := writer{env: Env{Now: time.Now()}}
			if _, err := w.scalar(nil, a, arg); err != nil {
				return true, badRule("the default is not a value for %s: %s", slash(a.Path), profile.AsError(err).Message)
			}
			a.rules.def, a.rules.replaces = arg, true
		}
		return true, nil
	case "ignore-update":
		if arg != nil {
			return true, noArgument(name)
		}
		for _, a := range r.attrs {
			if a.Type == Password {
				return true, badRule("%q is not for passwords", name)
			}
			a.rules.keepFirst, a.rules.replaces = true, true
		}
		return true, nil
	case "truncate":
		n, err := length(name, arg)
		if err != nil {
			return true, err
		}
		alter = func(s string) string { return firstRunes(s, n) }
	case "to-lower":
		alter = strings.ToLower
	case "to-upper":
		alter = strings.ToUpper
	default:
		return false, nil
	}
	if name != "truncate" && arg != nil {
		return true, noArgument(name)
	}
	for _, a := range r.attrs {
		a.rules.alter = append(a.rules.alter, alter)
		a.rules.replaces = a.rules.replaces || name != "to-lower"
	}
	return true, only(isText, "strings")
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func noArgument(name string) error { return badRule("%q takes no argument", name) }

func length(name string, arg []byte) (int, error) {
	n, err := strconv.Atoi(string(arg))
	if err != nil || n < 0 {
		return 0, badRule("%q needs an integer from 0", name)
	}
	return n, nil
}

// judge reads a rule that judges, at any place.
func (r *ruleReader) judge(b []byte, depth int) (*rule, error) {
	name, arg, err := r.open(b, depth)
	if err != nil {
		return nil, err
	}
	return r.judging(name, arg, depth)
}

func (r *ruleReader) judging(name string, arg []byte, depth int) (*rule, error) {
	n := &rule{name: name}
	var err error
	switch name {
	case "required":
		if arg != nil {
			err = noArgument(name)
		}
	case "match", "match-all":
		if err = r.only(name, "strings", String, Password); err == nil {
			n.re, err = pattern(name, arg)
		}
	case "min-length", "max-length":
		if err = r.only(name, "strings", String, Password); err == nil {
			n.n, err = length(name, arg)
		}
	case "less-than", "greater-than":
		if err = r.only(name, "numbers", Integer, Decimal); err != nil {
			break
		}
		if len(arg) == 0 || len(arg) > maxNumber || numberLen(arg) != len(arg) {
			err = badRule("%q needs a number", name)
			break
		}
		n.key = string(AppendNumberKey(nil, arg))
	case "min-age":
		if err = r.only(name, "dates and integers", Date, Integer); err != nil {
			break
		}
		if n.n, err = strconv.Atoi(string(arg)); err != nil || n.n < 0 || n.n > maxYears {
			err = badRule("%q needs a number of years, 0 to %d", name, maxYears)
		}
		n.key = string(AppendNumberKey(nil, arg))
	case "and", "or":
		if arg == nil || arg[0] != '[' {
			return nil, badRule("%q needs a list of rules", name)
		}
		for c := enter(arg, 0); ; {
			el, ok := c.element()
			if !ok {
				break
			}
			sub, err := r.judge(el, depth+1)
			if err != nil {
				return nil, err
			}
			n.of = append(n.of, sub)
		}
		if n.of == nil {
			err = badRule("the list of %q is empty", name)
		}
	case "not":
		if arg == nil {
			return nil, badRule("%q needs a rule", name)
		}
		var sub *rule
		if sub, err = r.judge(arg, depth+1); err == nil {
			n.of = []*rule{sub}
		}
	case "default", "ignore-update", "truncate", "to-lower", "to-upper":
		err = badRule("%q changes values and cannot stand inside \"or\" or \"not\"", name)
	default:
		err = badRule("there is no rule %q", Cut(name))
	}
	return n, err
}

func (r *ruleReader) only(name, what string, types ...ValueType) error {
	for _, a := range r.attrs {
		ok := false
		for _, t := range types {
			ok = ok || a.Type == t
		}
		if !ok {
			return badRule("%q is for %s, which %s is not", name, what, slash(a.Path))
		}
	}
	return nil
}

func pattern(name string, arg []byte) (*regexp.Regexp, error) {
	s, ok := Text(arg)
	if !ok {
		return nil, badRule("%q needs a regular expression", name)
	}
	if len(s) > maxPattern {
		return nil, badRule("a regular expression has at most %d bytes", maxPattern)
	}
	tree, err := re2.Parse(s, re2.Perl)
	if err != nil {
		return nil, badRule("not a regular expression that can be used: %v", err)
	}
	if prog, err := re2.Compile(tree.Simplify()); err != nil || len(prog.Inst) > maxProgram {
		return nil, badRule("the regular expression is too large")
	}
	if name == "match-all" {
		s = `\A(?:` + s + `)\z`
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, badRule("not a regular expression that can be used: %v", err)
	}
	return re, nil
}

// change gives what the transforms make of a given value that is not null, or
// of null.
func (r *rules) change(in []byte) []byte {
	if in[0] == 'n' && r.def != nil {
		in = r.def
	}
	if len(r.alter) == 0 {
		return in
	}
	s, ok := Text(in)
	if !ok {
		return in
	}
	for _, alter := range r.alter {
		s = alter(s)
	}
	return AppendString(nil, s)
}

// judge refuses a value that breaks a rule; raw is its stored form, nil for
// null. required holds only where env says so.
func (r *rules) judge(a *Attribute, raw []byte, env *Env) error {
	for _, c := range r.checks {
		if c.rule.judge(a, raw, env) != broken {
			continue
		}
		why := c.description
		if why == "" {
			why = c.rule.name
		}
		return profile.E(profile.Invalid, profile.CodeConstraint, a.Path, "%s does not keep a rule: %s", slash(a.Path), why)
	}
	return nil
}

// CheckPassword refuses a password that breaks a rule of the password attribute
// at a path: Invalid/CodeConstraint.
func (t *Type) CheckPassword(path, password string) error {
	a := t.root.byName[path]
	if a == nil || a.Type != Password || a.rules == nil {
		return nil
	}
	return a.rules.judge(a, AppendString(nil, password), &Env{})
}

func verdictOf(ok bool) verdict {
	if ok {
		return kept
	}
	return broken
}

func (r *rule) judge(a *Attribute, raw []byte, env *Env) verdict {
	switch r.name {
	case "and", "or":
		worst, best := kept, broken // of those asked
		some := false
		for _, sub := range r.of {
			v := sub.judge(a, raw, env)
			some = some || v == unknown
			if v == broken {
				worst = broken
			}
			if v == kept {
				best = kept
			}
		}
		switch {
		case r.name == "and" && worst == broken:
			return broken
		case r.name == "or" && best == kept:
			return kept
		case some:
			return unknown
		case r.name == "and":
			return kept
		}
		return broken
	case "not":
		switch r.of[0].judge(a, raw, env) {
		case kept:
			return broken
		case broken:
			return kept
		}
		return unknown
	case "required":
		if raw == nil && !env.Required {
			return unknown
		}
		return verdictOf(raw != nil)
	}
	if raw == nil {
		return unknown
	}
	switch r.name {
	case "less-than":
		return verdictOf(string(AppendNumberKey(nil, raw)) < r.key)
	case "greater-than":
		return verdictOf(string(AppendNumberKey(nil, raw)) > r.key)
	case "min-age":
		if a.Type == Integer {
			return verdictOf(string(AppendNumberKey(nil, raw)) >= r.key)
		}
	}
	s, _ := Text(raw)
	switch r.name {
	case "match", "match-all":
		return verdictOf(r.re.MatchString(s))
	case "min-length":
		return verdictOf(utf8.RuneCountInString(s) >= r.n)
	case "max-length":
		return verdictOf(utf8.RuneCountInString(s) <= r.n)
	}
	born, err := time.Parse(time.DateOnly, s) // min-age
	return verdictOf(err == nil && !born.AddDate(r.n, 0, 0).After(env.Now.UTC()))
}

// markRuled notes which objects have something below them that is set, or
// stays, where nothing is written: a default, what ignores updates, what a
// client may not write.
func (t *Type) markRuled(a *Attribute) {
	for _, c := range a.Children {
		t.markRuled(c)
		r := c.rules
		a.fills = a.fills || c.locked || c.partial || c.Type == Object && c.fills || r != nil && (r.def != nil || r.keepFirst)
		a.partial = a.partial || c.locked || c.partial
	}
}
