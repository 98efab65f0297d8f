package filter

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"

	"pgregory.net/rapid"
)

// reference is the definition of the filter language, written down plainly:
// it parses all of a record and knows no keys.
type reference struct {
	t   *schema.Type
	r   *Record
	doc any
}

func newReference(t *schema.Type, r *Record) *reference {
	d := json.NewDecoder(bytes.NewReader(r.Attrs))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		panic(err)
	}
	doc["id"] = json.Number(strconv.FormatInt(r.ID, 10))
	doc["uuid"] = r.UUID.String()
	doc["created"] = r.Created.UTC().Format(dateTimeForm)
	doc["lastUpdated"] = r.Updated.UTC().Format(dateTimeForm)
	if r.Password {
		doc["secret"] = "set"
	}
	return &reference{t, r, doc}
}

const dateTimeForm = "2006-01-02 15:04:05.000000 -0700"

func (f *reference) attr(p Path) *schema.Attribute {
	a := f.t.Root()
	for _, name := range p {
		a = a.Child(name)
	}
	return a
}

// at lists the values at a path below v, nil for each place without one.
func at(v any, p Path) []any {
	if list, ok := v.([]any); ok && len(p) > 0 {
		var out []any
		for _, el := range list {
			out = append(out, at(el, p)...)
		}
		return out
	}
	if len(p) == 0 {
		return []any{v}
	}
	m, _ := v.(map[string]any)
	return at(m[p[0]], p[1:])
}

func (f *reference) eval(e Expr) truth {
	switch e := e.(type) {
	case And:
		out := yes
		for _, t := range e.Terms {
			out = min(out, f.eval(t))
		}
		return out
	case Or:
		out := no
		for _, t := range e.Terms {
			out = max(out, f.eval(t))
		}
		return out
	case Not:
		return []truth{yes, unknown, no}[f.eval(e.Term)]
	case Bool:
		return truth(truthOf(bool(e)))
	case Null:
		return unknown
	case Path:
		return f.compare(Compare{Equal, e, Bool(true)})
	case Compare:
		return f.compare(e)
	case IsNull:
		return truth(truthOf(f.isNull(e) != e.Negated))
	}
	panic(e)
}

func (f *reference) isNull(e IsNull) bool {
	p, ok := e.Operand.(Path)
	if !ok {
		return f.eval(e.Operand) == unknown
	}
	values := at(f.doc, p)
	nulls := 0
	for _, v := range values {
		list, isList := v.([]any)
		if v == nil || isList && len(list) == 0 && f.attr(p).Type == schema.Plural {
			nulls++
		}
	}
	if e.Negated {
		return nulls == len(values)
	}
	return len(values) == 0 || nulls > 0
}

func (f *reference) compare(e Compare) truth {
	lp, lpath := e.Left.(Path)
	rp, rpath := e.Right.(Path)
	if !lpath && rpath {
		return f.compare(Compare{e.Op.flip(), e.Right, e.Left})
	}
	if !lpath {
		x, y := f.eval(e.Left), f.eval(e.Right)
		if x == unknown || y == unknown {
			return unknown
		}
		return truth(truthOf(e.Op.holds(cmp.Compare(x, y))))
	}
	a := f.attr(lp)
	plural, fold := a.InPlural, !a.CaseSensitive
	rights := []any{e.Right}
	if rpath {
		b := f.attr(rp)
		rights = at(f.doc, rp)
		plural, fold = plural || b.InPlural, fold || !b.CaseSensitive
	} else if _, null := e.Right.(Null); null {
		return unknown
	}
	out := unknown
	if plural {
		out = no
	}
	for _, x := range at(f.doc, lp) {
		for _, y := range rights {
			if x == nil || y == nil {
				continue
			}
			if e.Op.holds(order(a, fold, x, y)) {
				return yes
			}
			out = no
		}
	}
	return out
}

func order(a *schema.Attribute, fold bool, x, y any) int {
	content := func(v any) string {
		switch v := v.(type) {
		case Text:
			return string(v)
		case Number:
			return string(v)
		case json.Number:
			return string(v)
		case Bool:
			return v.String()
		case bool:
			return strconv.FormatBool(v)
		}
		return v.(string)
	}
	s, u := content(x), content(y)
	switch a.Type {
	case schema.Integer, schema.Decimal, schema.ID:
		n, _ := new(big.Rat).SetString(s)
		m, _ := new(big.Rat).SetString(u)
		return n.Cmp(m)
	case schema.Date, schema.DateTime:
		return parseTime(s).Compare(parseTime(u))
	case schema.IPAddress:
		return netip.MustParseAddr(s).Compare(netip.MustParseAddr(u))
	case schema.String:
		if fold {
			s, u = profile.Fold(s), profile.Fold(u)
		}
	}
	return strings.Compare(s, u)
}

func parseTime(s string) time.Time {
	for _, form := range []string{"2006-01-02", "2006-01-02 15:04:05.999999 -0700", time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t
		}
	}
	panic(s)
}

// What values are drawn from: few, so that they meet, and near the borders.
var (
	long    = strings.Repeat("x", 195)
	texts   = []string{"", "a", "A", "ab", "AB ", "é", "É", "ﬁn", "FIN", `q"\`, "ß", "SS", "<&>", "日本", "\u0001", "Ꭰ", "ꭰ", "true", "25", "a\u0001\tb", "aK", "ak", long + "x", long + "xé", long + "xxxxb", long + "xxxx", long + "xxxé", long + "xxxxé", long + "xx日本", long + "xxx\U0010FFFFz", long + "xxxxxxxx"}
	wholes  = []string{"0", "-0", "1", "-5", "25", "26", "100", "-100", "12345678901234567890", "12345678901234567891", "9007199254740993", "9007199254740992", "-12345678901234567890"}
	numbers = append([]string{"1.0", "10e-1", "0.1", "0.10", "0.1000000000000000000001", "25.5", "-5.25", "-5.2", "1e30", "-1e30", "1e-30"}, wholes...)
	dates   = []string{"1999-12-31", "2012-06-13", "2012-06-14", "2012-06-15"}
	instant = []string{"1999-12-31 23:59:59 +0000", "2012-06-13 00:00:00 +0000", "2012-06-13 18:02:56 +0000", "2012-06-13 18:02:56.012122 +0000", "2012-06-13 18:02:56.012123 +0000", "2012-06-14 00:00:00 +0000"}
	zoned   = []string{"2012-06-13T18:02:56Z", "2012-06-13 11:02:56.012122 -0700"}
	ips     = []string{"0.0.0.0", "9.0.0.1", "10.0.0.1", "10.0.0.2", "127.0.0.1", "255.255.255.255"}
	uuids   = []string{"00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002", "ffffffff-0000-7000-8000-000000000000"}
)

// genType draws the flags of a type that has an attribute of every kind.
func genType(t *rapid.T) *schema.Type {
	leaf := func(name, typ string) schema.AttrDef {
		d := schema.AttrDef{Name: name, Type: typ}
		if typ == "string" {
			cs := rapid.Bool().Draw(t, "case-sensitive")
			d.CaseSensitive = &cs
		}
		if typ != "json" && typ != "password" && rapid.Bool().Draw(t, "query") {
			d.Features = []string{"query"}
		}
		return d
	}
	out, err := schema.Compile("user", []schema.AttrDef{
		leaf("name", "string"), leaf("nick", "string"), leaf("age", "integer"), leaf("score", "decimal"), leaf("active", "boolean"),
		leaf("birthday", "date"), leaf("seen", "dateTime"), leaf("ip", "ipAddress"), leaf("blob", "json"), leaf("secret", "password"),
		{Name: "home", Type: "object", AttrDefs: []schema.AttrDef{leaf("city", "string"), leaf("zip", "integer"), {Name: "phones", Type: "plural", AttrDefs: []schema.AttrDef{leaf("number", "string")}}}},
		{Name: "photos", Type: "plural", AttrDefs: []schema.AttrDef{leaf("kind", "string"), leaf("size", "decimal"), leaf("at", "date"), leaf("hidden", "boolean")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func pick(t *rapid.T, from []string) string { return rapid.SampledFrom(from).Draw(t, "value") }

// genValue draws a stored value of an attribute, nil for none.
func genValue(t *rapid.T, a *schema.Attribute) any {
	if rapid.IntRange(0, 3).Draw(t, "absent") == 0 {
		return nil
	}
	switch a.Type {
	case schema.Object:
		return genObject(t, a)
	case schema.Plural:
		out := make([]any, rapid.IntRange(0, 3).Draw(t, "elements"))
		for i := range out {
			el := genObject(t, a)
			el["id"] = rapid.IntRange(1, 30).Draw(t, "id")
			out[i] = el
		}
		return out
	case schema.JSON:
		return rapid.SampledFrom([]any{"x", 1, true, []any{}, map[string]any{}, []any{map[string]any{"a": nil}}}).Draw(t, "json")
	case schema.Integer:
		return json.Number(pick(t, wholes))
	case schema.Decimal:
		return json.Number(pick(t, numbers))
	case schema.Boolean:
		return rapid.Bool().Draw(t, "bool")
	case schema.Date:
		return pick(t, dates)
	case schema.DateTime:
		return pick(t, instant)
	case schema.IPAddress:
		return pick(t, ips)
	}
	return pick(t, texts)
}

func genObject(t *rapid.T, a *schema.Attribute) map[string]any {
	out := map[string]any{}
	for _, c := range a.Children {
		if c.Reserved || c.Type == schema.Password {
			continue
		}
		v := genValue(t, c)
		if m, ok := v.(map[string]any); ok && len(m) == 0 && c.Type == schema.Object {
			continue // sparse: not stored
		}
		if v != nil {
			out[c.Name] = v
		}
	}
	return out
}

func genRecord(t *rapid.T, typ *schema.Type, number int64) *Record {
	stored, err := json.Marshal(genObject(t, typ.Root())) // escapes more than stored text does: good
	if err != nil {
		t.Fatal(err)
	}
	id, _ := profile.ParseID(pick(t, uuids))
	return &Record{ID: number, UUID: id, Created: parseTime(pick(t, instant)), Updated: parseTime(pick(t, instant)),
		Password: rapid.Bool().Draw(t, "password"), Attrs: stored}
}

func allAttributes(a *schema.Attribute) (out []*schema.Attribute) {
	for _, c := range a.Children {
		out = append(append(out, c), allAttributes(c)...)
	}
	return out
}

// genLiteral draws a literal that values of the attribute can be compared with.
func genLiteral(t *rapid.T, a *schema.Attribute) Expr {
	if rapid.IntRange(0, 20).Draw(t, "null") == 0 {
		return Null{}
	}
	quoted := rapid.Bool().Draw(t, "quoted")
	switch a.Type {
	case schema.Integer, schema.Decimal:
		if s := pick(t, numbers); !quoted {
			return Number(s)
		} else {
			return Text(s)
		}
	case schema.ID:
		return Number(pick(t, []string{"0", "3", "-1", "5.5", "7", "9.0", "12345678901234567890", "-1e400", "1e400", "29.99999"}))
	case schema.Boolean:
		b := Bool(rapid.Bool().Draw(t, "bool"))
		if quoted {
			return Text(b.String())
		}
		return b
	case schema.Date, schema.DateTime:
		return Text(pick(t, append(append(zoned, dates...), instant...)))
	case schema.IPAddress:
		return Text(pick(t, ips))
	case schema.UUID:
		return Text(pick(t, uuids))
	}
	return Text(pick(t, texts))
}

// genCondition draws a filter that makes sense for the type.
func genCondition(t *rapid.T, typ *schema.Type, depth int) Expr {
	attrs := allAttributes(typ.Root())
	path := func(a *schema.Attribute) Path { return Path(a.Steps) }
	sub := func() Expr { return genCondition(t, typ, depth-1) }
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 5)
	}
	a := rapid.SampledFrom(attrs).Draw(t, "attribute")
	op := Op(rapid.IntRange(0, 5).Draw(t, "op"))
	switch kind {
	case 0:
		return IsNull{path(a), rapid.Bool().Draw(t, "negated")}
	case 1, 2, 3, 4:
		if classOf(a) == classNone {
			return IsNull{path(a), false}
		}
		if rapid.Bool().Draw(t, "flip") {
			return Compare{op, genLiteral(t, a), path(a)}
		}
		return Compare{op, path(a), genLiteral(t, a)}
	case 5:
		b := rapid.SampledFrom(attrs).Draw(t, "other")
		if classOf(a) == classOf(b) && classOf(a) != classNone {
			return Compare{op, path(a), path(b)}
		}
		return rapid.SampledFrom([]Expr{Path{"active"}, Path{"photos", "hidden"}, Bool(true), Bool(false), Null{}}).Draw(t, "bool")
	case 6:
		return And{[]Expr{sub(), sub()}}
	case 7:
		return Or{[]Expr{sub(), sub(), sub()}}
	case 8:
		return Not{parenthesised(sub())}
	}
	if rapid.Bool().Draw(t, "null") {
		return IsNull{parenthesised(sub()), rapid.Bool().Draw(t, "negated")}
	}
	return Compare{op, parenthesised(sub()), parenthesised(sub())}
}

// parenthesised wraps what Compile and the reference would take for an operand.
func parenthesised(e Expr) Expr {
	switch e.(type) {
	case Path, Bool, Null:
		return And{[]Expr{e, e}}
	}
	return e
}

func compiled(t *rapid.T, typ *schema.Type, e Expr) *Program {
	parsed, err := ParseEntity(e.String())
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	p, err := Compile(parsed, typ, time.Now())
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	return p
}

func TestMatchAgreesWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := genType(t)
		e := genCondition(t, typ, 2)
		p := compiled(t, typ, e)
		for n := range int64(4) {
			r := genRecord(t, typ, n*3)
			if got, want := p.root.eval(r), newReference(typ, r).eval(e); got != want {
				t.Fatalf("%s\n%+v\n%s\ngot %d, want %d", e, r, r.Attrs, got, want)
			}
		}
	})
}

// TestAPlanAdmitsEveryMatch and, where it is exact, nothing else.
func TestAPlanAdmitsEveryMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := genType(t)
		e := genCondition(t, typ, 3)
		p := compiled(t, typ, e)
		built := map[string]bool{}
		for _, a := range typ.Indexed() {
			built[a.Path] = rapid.IntRange(0, 9).Draw(t, "built") > 0
		}
		plan := p.Plan(func(path string) bool { return built[path] })
		for n := range int64(4) {
			r := genRecord(t, typ, n*3)
			switch match, admitted := p.Match(r), admits(&plan, typ, r); {
			case match && !admitted:
				t.Fatalf("%s\n%d %s\nis not among %+v", e, r.ID, r.Attrs, plan)
			case plan.Exact && admitted && !match:
				t.Fatalf("%s\n%d %s\nis among %+v", e, r.ID, r.Attrs, plan)
			}
		}
	})
}

// admits reports whether every part of a plan leads to the record.
func admits(p *Plan, typ *schema.Type, r *Record) bool {
	found := false
	for _, n := range p.Numbers {
		found = found || n.Low <= r.ID && r.ID <= n.High
	}
	found = found && (p.UUIDs == nil || slices.Contains(p.UUIDs, r.UUID))
	for _, s := range p.Sources {
		hit := false
		for _, row := range typ.Index(r.Attrs) {
			for _, in := range s.Ranges {
				hit = hit || row.Path == s.Path && in.Low <= row.Value && (in.High == "" || row.Value <= in.High)
			}
		}
		found = found && hit
	}
	return found && !p.IsEmpty()
}
