// The environment's images: Premium, since private endpoints need it; no admin user, no anonymous pull.
param name string
param location string
param tags object

@description('[{identity, principalId, role, why}], each on this registry.')
param grants array

var roles = loadJsonContent('../roles.json')

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  //checkov:skip=CKV_AZURE_166:quarantine needs a scanner that releases each image; without one nothing could be pulled
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Premium'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    dataEndpointEnabled: true
    // Container Instances pull as a trusted service, by their identity.
    networkRuleBypassOptions: 'AzureServices'
    networkRuleSet: {
      defaultAction: 'Deny'
    }
    publicNetworkAccess: 'Disabled'
    zoneRedundancy: 'Enabled'
    policies: {
      retentionPolicy: {
        days: 30
        status: 'enabled'
      }
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for grant in grants: {
  name: guid(images.id, grant.identity, grant.role)
  scope: images
  properties: {
    principalId: grant.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    description: grant.why
  }
}]

output id string = images.id
output server string = images.properties.loginServer
