package directory_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/schema"
)

// TestAttributesThatThisPackageNamesAreMapped reads this package's own text:
// what it reads of attributes (textAt, rawAt) or writes (Set) by name must be
// among those that no change of a type takes away.
func TestAttributesThatThisPackageNamesAreMapped(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var name ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "textAt" || f.Name == "rawAt") && len(n.Args) == 2 {
					name = n.Args[1]
				}
			case *ast.CompositeLit:
				if typ, ok := n.Type.(*ast.Ident); (!ok || typ.Name == "Set") && len(n.Elts) == 2 {
					name = n.Elts[0]
				}
			}
			lit, ok := name.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			path, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			p, err := schema.ParsePath(path)
			if err != nil {
				return true
			}
			if _, err := schema.DefaultUser().Attr(p); err != nil || path == "" {
				return true
			}
			seen[path] = true
			if !directory.IsMapped(path) {
				t.Errorf("%s names %s, which a change of the type may take away", f.Name(), path)
			}
			return true
		})
	}
	for _, path := range []string{"displayName", "email", "mobileNumber"} {
		if !seen[path] {
			t.Errorf("the search does not find %s", path)
		}
	}
}
