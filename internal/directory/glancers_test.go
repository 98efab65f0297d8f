package directory_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// glancers are the functions that may read from a replica: each shows what it
// reads, and nobody decides anything by it. Whoever adds one answers for that.
var glancers = []string{
	"Site.Document", "Site.EntityAt", "Site.EntityVersions", "Site.Household", "Site.Notes", "Site.Plans",
	"Site.Pricing", "Site.Refs", "Site.Subjects", "Site.Subscribers", "Site.UnengagedSubscribers",
	"Site.attributeValues", // of AttributeValues
	"Site.documentPage",    // of Documents and TrySchema
	"Site.look",            // of FindEntities, CountEntities and CountSelected
	"glances.one",          // of those made by:
	"Site.Entity",          // where no guard and no password is asked about
	"siteData.Glance",
}

func TestOnlyTheFunctionsListedReadFromAReplica(t *testing.T) {
	var found []string
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && e.Name() == "store" {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			ast.Inspect(d, func(n ast.Node) bool {
				switch use := n.(type) {
				case *ast.SelectorExpr:
					if use.Sel.Name == "Glance" {
						found = append(found, nameOf(d))
					}
				case *ast.CompositeLit:
					if id, ok := use.Type.(*ast.Ident); ok && id.Name == "glances" {
						found = append(found, nameOf(d))
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	for _, name := range found {
		if !slices.Contains(glancers, name) {
			t.Errorf("%s reads from a replica and is not listed", name)
		}
	}
	for _, name := range glancers {
		if !slices.Contains(found, name) {
			t.Errorf("%s is listed and does not", name)
		}
	}
}

// nameOf is a function's name, after its receiver's.
func nameOf(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return "a declaration"
	}
	if f.Recv == nil {
		return f.Name.Name
	}
	typ := f.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
