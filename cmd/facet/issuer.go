package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"facet/internal/directory"
)

type issuerCommand struct {
	Add  issuerAdd  `cmd:"" help:"Take the HS256 tokens of another issuer in the Sentinel API."`
	List issuerList `cmd:"" help:"List the issuers whose tokens a site takes."`
	Drop issuerDrop `cmd:"" help:"Take an issuer's tokens no longer."`
}

type issuerAdd struct {
	siteFlags
	Name    string `arg:"" help:"What the issuer is called here, such as sentinel."`
	KeyFile string `required:"" type:"existingfile" help:"File with the key that signs its tokens; a line end after it does not count."`
	Issuer  string `help:"The claim iss that its tokens have (default: they have none)."`
}

// Run adds the issuer.
func (c issuerAdd) Run(ctx context.Context, io streams) error {
	key, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return err
	}
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	if err := site.AddForeignIssuer(ctx, directory.ForeignIssuer{Name: c.Name, Issuer: c.Issuer}, bytes.TrimRight(key, "\r\n")); err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "issuer %s added\n", c.Name)
	return nil
}

type issuerList struct {
	siteFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// issuerLine is an issuer as listed with --json.
type issuerLine struct {
	Name   string `json:"name"`
	Issuer string `json:"issuer"` // "" where its tokens have no iss
}

// Run lists the issuers, also beside a running server.
func (c issuerList) Run(ctx context.Context, io streams) error {
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	issuers, err := site.ForeignIssuers(ctx)
	if err != nil {
		return err
	}
	lines := []issuerLine{}
	rows := [][]string{{"NAME", "ISSUER"}}
	for _, i := range issuers {
		lines = append(lines, issuerLine{i.Name, i.Issuer})
		rows = append(rows, []string{i.Name, i.Issuer})
	}
	return list(io, c.JSON, lines, rows)
}

type issuerDrop struct {
	siteFlags
	Name string `arg:"" help:"What the issuer is called here."`
}

// Run drops the issuer.
func (c issuerDrop) Run(ctx context.Context, io streams) error {
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	if err := site.DropForeignIssuer(ctx, c.Name); err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "issuer %s dropped\n", c.Name)
	return nil
}
