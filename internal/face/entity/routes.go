package entity

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/face"
)

// routes are the operations. The API's pages name POST for all; GET stays for
// reads, as in the API's older pages.
var routes = []face.Route{
	{Method: http.MethodPost, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodGet, Pattern: "/entity", Permission: access.EntityRead, Handle: read},
	{Method: http.MethodPost, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodGet, Pattern: "/entity.find", Permission: access.EntityFind, Handle: find},
	{Method: http.MethodPost, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodGet, Pattern: "/entity.count", Permission: access.EntityCount, Handle: count},
	{Method: http.MethodPost, Pattern: "/entity.create", Permission: access.EntityCreate, Handle: create},
	{Method: http.MethodPost, Pattern: "/entity.update", Permission: access.EntityUpdate, Handle: update},
	{Method: http.MethodPost, Pattern: "/entity.delete", Permission: access.EntityDelete, Handle: remove},

	{Method: http.MethodPost, Pattern: "/entity.replace", Permission: access.EntityReplace, Handle: replace},
	{Method: http.MethodPost, Pattern: "/entity.bulkCreate", Permission: access.EntityBulkCreate, Handle: bulkCreate, MaxBody: maxBulk},
	{Method: http.MethodPost, Pattern: "/entity.deleteAccess", Permission: access.EntityDeleteAccess, Handle: deleteAccess},
	{Method: http.MethodPost, Pattern: "/entity.bulkDelete", Permission: access.EntityBulkDelete, Handle: bulkDelete},
	{Method: http.MethodPost, Pattern: "/entity.purge", Permission: access.EntityPurge, Handle: purge},
	{Method: http.MethodPost, Pattern: "/entity.adopt", Permission: access.EntityAdopt, Handle: adopt},
	{Method: http.MethodPost, Pattern: "/entity.attributeValues", Permission: access.EntityValues, Handle: attributeValues},
	{Method: http.MethodGet, Pattern: "/entity.attributeValues", Permission: access.EntityValues, Handle: attributeValues},
	{Method: http.MethodPost, Pattern: "/versions/entity", Permission: access.EntityVersions, Handle: versionAt},
	{Method: http.MethodGet, Pattern: "/versions/entity", Permission: access.EntityVersions, Handle: versionAt},
	{Method: http.MethodPost, Pattern: "/versions/entity.list", Permission: access.EntityVersions, Handle: versionList},
	{Method: http.MethodGet, Pattern: "/versions/entity.list", Permission: access.EntityVersions, Handle: versionList},
	{Method: http.MethodPost, Pattern: "/versions/entityType", Permission: access.EntityTypeRead, Handle: typeVersion},
	{Method: http.MethodGet, Pattern: "/versions/entityType", Permission: access.EntityTypeRead, Handle: typeVersion},

	{Method: http.MethodPost, Pattern: "/entityType.rules", Permission: access.PropertyRead, Handle: rules},
	{Method: http.MethodGet, Pattern: "/entityType.rules", Permission: access.PropertyRead, Handle: rules},
	{Method: http.MethodPost, Pattern: "/entityType.addRule", Permission: access.PropertyWrite, Handle: addRule},
	{Method: http.MethodPost, Pattern: "/entityType.removeRule", Permission: access.PropertyWrite, Handle: removeRule},
	{Method: http.MethodPost, Pattern: "/entityType.properties", Permission: access.PropertyRead, Handle: properties},
	{Method: http.MethodGet, Pattern: "/entityType.properties", Permission: access.PropertyRead, Handle: properties},
	{Method: http.MethodPost, Pattern: "/entityType.addProperty", Permission: access.PropertyWrite, Handle: addOne},
	{Method: http.MethodPost, Pattern: "/entityType.removeProperty", Permission: access.PropertyWrite, Handle: removeOne},
	{Method: http.MethodPost, Pattern: "/entityType.setPasswordSettings", Permission: access.PropertyWrite, Handle: setPasswordSettings},
	{Method: http.MethodPost, Pattern: "/entityType.getAccessSchema", Permission: access.AccessRead, Handle: getAccessSchema},
	{Method: http.MethodGet, Pattern: "/entityType.getAccessSchema", Permission: access.AccessRead, Handle: getAccessSchema},
	{Method: http.MethodPost, Pattern: "/entityType.setAccessSchema", Permission: access.AccessWrite, Handle: setAccessSchema},
	{Method: http.MethodPost, Pattern: "/entityType.deleteAccessSchema", Permission: access.AccessWrite, Handle: deleteAccessSchema},

	{Method: http.MethodPost, Pattern: "/entityType", Permission: access.EntityTypeRead, Handle: entityType},
	{Method: http.MethodGet, Pattern: "/entityType", Permission: access.EntityTypeRead, Handle: entityType},
	{Method: http.MethodPost, Pattern: "/entityType.list", Permission: access.EntityTypeRead, Handle: typeList},
	{Method: http.MethodGet, Pattern: "/entityType.list", Permission: access.EntityTypeRead, Handle: typeList},
	{Method: http.MethodPost, Pattern: "/entityType.create", Permission: access.EntityTypeWrite, Handle: typeCreate},
	{Method: http.MethodPost, Pattern: "/entityType.delete", Permission: access.EntityTypeWrite, Handle: typeDelete},
	{Method: http.MethodPost, Pattern: "/entityType.addAttribute", Permission: access.EntityTypeWrite, Handle: addAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.removeAttribute", Permission: access.EntityTypeWrite, Handle: removeAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.renameAttribute", Permission: access.EntityTypeWrite, Handle: renameAttribute},
	{Method: http.MethodPost, Pattern: "/entityType.setAttributeConstraints", Permission: access.EntityTypeWrite, Handle: setConstraints},
	{Method: http.MethodPost, Pattern: "/entityType.setAttributeDescription", Permission: access.EntityTypeWrite, Handle: setAttributeDescription},

	{Method: http.MethodPost, Pattern: "/clients/add", Permission: access.ClientWrite, Handle: addClient},
	{Method: http.MethodPost, Pattern: "/clients/list", Permission: access.ClientRead, Handle: listClients},
	{Method: http.MethodGet, Pattern: "/clients/list", Permission: access.ClientRead, Handle: listClients},
	{Method: http.MethodPost, Pattern: "/clients/delete", Permission: access.ClientWrite, Handle: deleteClient},
	{Method: http.MethodPost, Pattern: "/clients/reset_secret", Permission: access.ClientWrite, Handle: resetSecret},
	{Method: http.MethodPost, Pattern: "/clients/set_description", Permission: access.ClientWrite, Handle: setDescription},
	{Method: http.MethodPost, Pattern: "/clients/set_features", Permission: access.ClientWrite, Handle: setFeatures},
	{Method: http.MethodPost, Pattern: "/clients/set_whitelist", Permission: access.ClientWrite, Handle: setWhitelist},
	{Method: http.MethodPost, Pattern: "/clients/clear_whitelist", Permission: access.ClientWrite, Handle: clearWhitelist},

	{Method: http.MethodPost, Pattern: "/settings/get", Permission: access.SettingRead, Handle: getSetting(overlaid)},
	{Method: http.MethodGet, Pattern: "/settings/get", Permission: access.SettingRead, Handle: getSetting(overlaid)},
	{Method: http.MethodPost, Pattern: "/settings/get_default", Permission: access.SettingRead, Handle: getSetting(ofSite)},
	{Method: http.MethodGet, Pattern: "/settings/get_default", Permission: access.SettingRead, Handle: getSetting(ofSite)},
	{Method: http.MethodPost, Pattern: "/settings/get_multi", Permission: access.SettingRead, Handle: getSettings},
	{Method: http.MethodGet, Pattern: "/settings/get_multi", Permission: access.SettingRead, Handle: getSettings},
	{Method: http.MethodPost, Pattern: "/settings/get_all", Permission: access.SettingRead, Handle: settingItems(overlaid)},
	{Method: http.MethodGet, Pattern: "/settings/get_all", Permission: access.SettingRead, Handle: settingItems(overlaid)},
	{Method: http.MethodPost, Pattern: "/settings/items", Permission: access.SettingRead, Handle: settingItems(overlaid)},
	{Method: http.MethodGet, Pattern: "/settings/items", Permission: access.SettingRead, Handle: settingItems(overlaid)},
	{Method: http.MethodPost, Pattern: "/settings/client_items", Permission: access.SettingRead, Handle: settingItems(ofClient)},
	{Method: http.MethodGet, Pattern: "/settings/client_items", Permission: access.SettingRead, Handle: settingItems(ofClient)},
	{Method: http.MethodPost, Pattern: "/settings/default_items", Permission: access.SettingRead, Handle: settingItems(ofSite)},
	{Method: http.MethodGet, Pattern: "/settings/default_items", Permission: access.SettingRead, Handle: settingItems(ofSite)},
	{Method: http.MethodPost, Pattern: "/settings/keys", Permission: access.SettingRead, Handle: settingKeys(overlaid)},
	{Method: http.MethodGet, Pattern: "/settings/keys", Permission: access.SettingRead, Handle: settingKeys(overlaid)},
	{Method: http.MethodPost, Pattern: "/settings/client_keys", Permission: access.SettingRead, Handle: settingKeys(ofClient)},
	{Method: http.MethodGet, Pattern: "/settings/client_keys", Permission: access.SettingRead, Handle: settingKeys(ofClient)},
	{Method: http.MethodPost, Pattern: "/settings/default_keys", Permission: access.SettingRead, Handle: settingKeys(ofSite)},
	{Method: http.MethodGet, Pattern: "/settings/default_keys", Permission: access.SettingRead, Handle: settingKeys(ofSite)},
	{Method: http.MethodPost, Pattern: "/settings/set", Permission: access.SettingWrite, Handle: setSetting(ofClient)},
	{Method: http.MethodPost, Pattern: "/settings/set_default", Permission: access.SettingWrite, Handle: setSetting(ofSite)},
	{Method: http.MethodPost, Pattern: "/settings/set_multi", Permission: access.SettingWrite, Handle: setSettings(ofClient)},
	{Method: http.MethodPost, Pattern: "/settings/set_default_multi", Permission: access.SettingWrite, Handle: setSettings(ofSite)},
	{Method: http.MethodPost, Pattern: "/settings/delete", Permission: access.SettingWrite, Handle: deleteSetting(ofClient)},
	{Method: http.MethodPost, Pattern: "/settings/delete_default", Permission: access.SettingWrite, Handle: deleteSetting(ofSite)},

	{Method: http.MethodPost, Pattern: "/access/getAccessToken", Permission: access.TokenIssue, Handle: getAccessToken},
	{Method: http.MethodGet, Pattern: "/access/getAccessToken", Permission: access.TokenIssue, Handle: getAccessToken},
	{Method: http.MethodPost, Pattern: "/access/getAuthorizationCode", Permission: access.TokenIssue, Handle: getAuthorizationCode},
	{Method: http.MethodGet, Pattern: "/access/getAuthorizationCode", Permission: access.TokenIssue, Handle: getAuthorizationCode},
	{Method: http.MethodPost, Pattern: "/access/getCreationToken", Permission: access.CreationIssue, Handle: getCreationToken},
	{Method: http.MethodGet, Pattern: "/access/getCreationToken", Permission: access.CreationIssue, Handle: getCreationToken},
	{Method: http.MethodPost, Pattern: "/access/getVerificationCode", Permission: access.VerifyIssue, Handle: getVerificationCode},
	{Method: http.MethodGet, Pattern: "/access/getVerificationCode", Permission: access.VerifyIssue, Handle: getVerificationCode},
	{Method: http.MethodPost, Pattern: "/access/useVerificationCode", Permission: access.VerifyUse, Handle: useVerificationCode},
	{Method: http.MethodGet, Pattern: "/access/useVerificationCode", Permission: access.VerifyUse, Handle: useVerificationCode},
	{Method: http.MethodPost, Pattern: tokenPath, Permission: access.TokenExchange, Handle: exchange},
	{Method: http.MethodGet, Pattern: tokenPath, Permission: access.TokenExchange, Handle: exchange},
}

// bodyLimit is the most bytes of the body of a call.
func bodyLimit(path string) int {
	for _, r := range routes {
		if r.Pattern == path && r.MaxBody > 0 {
			return int(r.MaxBody)
		}
	}
	return face.MaxBody
}
