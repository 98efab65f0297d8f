// Package console is the site's pages at /console: operators see and manage
// every profile there, people their own. It is a sibling of the faces: it calls
// directory through the same permissions, and has no way of its own to data.
//
// Pages are made on the server with html/template; htmx, kept here as it was
// published, replaces parts of them. Everything a page needs is embedded.
//
// A page is a row in routes.go with its permission, a handler that asks
// directory and shows a template of templates/, and that template. What is the
// same on all pages (head, menu, search box) is templates/layout.html; what
// several share (tables, fields, badges) templates/parts.html.
package console
