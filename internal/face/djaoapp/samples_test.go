package djaoapp_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"facet/internal/facetest"
)

// The examples of the DjaoApp API reference run as contract tests. Each has the
// number C and two or three digits that it has on our list of them, stands in a
// file samples_AREA_test.go, and is sent as printed on data that makes it
// meaningful.

// like fails the test unless an answer has what a printed one has: its members,
// with values of the same JSON types. Null stands for a text that is not set,
// as the reference itself prints both.
func like(t *testing.T, a facetest.Answer, printed string) {
	t.Helper()
	var want any
	if err := json.Unmarshal([]byte(printed), &want); err != nil {
		t.Fatalf("the sample is not JSON: %v", err)
	}
	got, _ := a.At("")
	for _, problem := range unlike("", got, want) {
		t.Errorf("%s\n%s", problem, a.Body)
	}
}

func unlike(at string, got, want any) (problems []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, no object", at, got)}
		}
		for name, value := range want {
			member, there := object[name]
			if !there {
				problems = append(problems, fmt.Sprintf("%s.%s is not there", at, name))
				continue
			}
			problems = append(problems, unlike(at+"."+name, member, value)...)
		}
		return problems
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) < len(want) {
			return []string{fmt.Sprintf("%s is %v, not a list of %d or more", at, got, len(want))}
		}
		for i := range want {
			problems = append(problems, unlike(fmt.Sprintf("%s.%d", at, i), list[i], want[i])...)
		}
		return problems
	}
	if g, w := kindOf(got), kindOf(want); g != w {
		return []string{fmt.Sprintf("%s is %v (%s), want a %s", at, got, g, w)}
	}
	return nil
}

func kindOf(v any) string {
	switch v.(type) {
	case string, nil:
		return "text"
	case json.Number, float64:
		return "number"
	case bool:
		return "truth value"
	default:
		return "composite"
	}
}

func TestEverySampleOfTheReferenceHasAContractTest(t *testing.T) {
	files, err := filepath.Glob("samples_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	mark := regexp.MustCompile(`\bC(\d{2,3})\b`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mark.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = true
		}
	}
	for i := 1; i <= 106; i++ {
		if n := fmt.Sprintf("%02d", i); i != 90 && !found[n] { // C90 is about SSH keys, which are not kept here
			t.Errorf("no test sends C%s", n)
		}
	}
}
