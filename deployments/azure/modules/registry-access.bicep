// What one environment's identities may do in the registry: development publishes, the others read.
param registryName string
param prefix string
param environment string
param publishes bool

var roles = loadJsonContent('../roles.json')
var grants = [
  { identity: 'flows', role: publishes ? 'AzureML Registry User' : 'Reader', why: publishes ? 'publishes the model and environment that were tested' : 'takes models and environments by version' }
  { identity: 'endpoint', role: 'Reader', why: 'pulls the environment and the model of a deployment' }
  { identity: 'training', role: 'Reader', why: 'pulls the training environment' }
  { identity: 'workspace', role: 'Azure AI Enterprise Network Connection Approver', why: 'connects its managed network to the registry' }
  { identity: 'ci', role: 'Azure AI Enterprise Network Connection Approver', why: 'connects the network of main.bicep to the registry' }
]

resource registry 'Microsoft.MachineLearningServices/registries@2024-10-01' existing = {
  name: registryName
}

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = [for grant in grants: {
  name: 'id-${prefix}-${environment}-${grant.identity}'
  scope: resourceGroup('rg-${prefix}-${environment}')
}]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (grant, i) in grants: {
  name: guid(registry.id, environment, grant.identity, grant.role)
  scope: registry
  properties: {
    principalId: identities[i].properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
    description: grant.why
  }
}]
