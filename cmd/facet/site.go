package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"facet/internal/directory"
	"facet/internal/profile"
)

type siteCommand struct {
	Add  siteAdd  `cmd:"" help:"Add a site."`
	List siteList `cmd:"" help:"List the sites."`
	Keep siteKeep `cmd:"" help:"Say how long a site keeps what happened."`
}

type siteAdd struct {
	dataFlags
	Name         string   `arg:"" help:"Short handle of the site, such as shop."`
	Domain       string   `required:"" help:"What follows the @ in the site's identities, such as example.com."`
	Host         []string `help:"Host that selects the site; may be repeated (default: the domain)."`
	Default      bool     `help:"The site answers hosts that no site lists."`
	Registration string   `default:"invitation" enum:"open,invitation,closed" help:"Who may register: open, invitation or closed (${default})."`
	GetChanges   bool     `name:"destructive-gets" help:"GET /auth/logout, /user/delete and their like do what they say, as the Sentinel API prints them."`
	Unverified   bool     `name:"unverified-email" help:"People may register without proving their e-mail."`
	Title        string   `help:"What people call the site (default: its name)."`
	BaseURL      string   `name:"base-url" help:"Where links in mails lead (default: https:// and the first host)."`
	MailFrom     string   `help:"Sender of mails (default: no-reply@ and the domain)."`
}

// Run adds the site with the strict policy of real sites.
func (c siteAdd) Run(ctx context.Context, io streams) error {
	policy := directory.DefaultPolicy()
	policy.Registration = directory.Registration(c.Registration)
	policy.UnverifiedEmail = c.Unverified
	policy.DestructiveGets = c.GetChanges
	policy.Title, policy.BaseURL, policy.MailFrom = c.Title, c.BaseURL, c.MailFrom
	in, err := c.config().Open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := in.Directory.CreateSite(ctx, directory.NewSite{
		Name: c.Name, Domain: c.Domain, Hosts: c.Host, Default: c.Default, Policy: policy,
	}); err != nil {
		return err
	}
	fmt.Fprintf(io.Out, "site %s added; next: facet operator add %s --username NAME --email ADDRESS\n", c.Name, c.Name)
	return nil
}

type siteList struct {
	dataFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// siteLine is a site as listed with --json.
type siteLine struct {
	Name         string   `json:"name"`
	Domain       string   `json:"domain"`
	Hosts        []string `json:"hosts"`
	Default      bool     `json:"default"`
	Registration string   `json:"registration"`
	HistoryDays  int      `json:"history_days"` // that events are kept; 0: for good
}

// Run lists the sites, also beside a running server.
func (c siteList) Run(ctx context.Context, io streams) error {
	in, err := c.config().OpenForReading(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer in.Close()
	sites, err := in.Directory.Sites(ctx)
	if err != nil {
		return err
	}
	lines := []siteLine{}
	rows := [][]string{{"NAME", "DOMAIN", "HOSTS", "DEFAULT", "REGISTRATION"}}
	for _, s := range sites {
		var p directory.Policy
		if err := json.Unmarshal(s.Policy, &p); err != nil {
			return fmt.Errorf("site %s: policy: %w", s.Name, err)
		}
		line := siteLine{s.Name, s.Domain, s.Hosts, s.Default, string(p.Registration), p.HistoryDays}
		if line.Registration == "" {
			line.Registration = string(directory.RegistrationInvitation)
		}
		lines = append(lines, line)
		rows = append(rows, []string{line.Name, line.Domain, strings.Join(line.Hosts, ","), fmt.Sprint(line.Default), line.Registration})
	}
	return list(io, c.JSON, lines, rows)
}

type siteKeep struct {
	siteFlags
	HistoryDays int `required:"" placeholder:"DAYS" help:"Days that events, and what changes replaced, are kept; 0 for good. What is older goes while the site is served."`
}

// Run changes the policy of the site.
func (c siteKeep) Run(ctx context.Context, io streams) error {
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	if err := site.SetHistoryDays(ctx, profile.ID{}, c.HistoryDays); err != nil {
		return err
	}
	if c.HistoryDays == 0 {
		fmt.Fprintf(io.Out, "site %s keeps what happened for good\n", c.Site)
		return nil
	}
	fmt.Fprintf(io.Out, "site %s keeps what happened for %d days\n", c.Site, c.HistoryDays)
	return nil
}
