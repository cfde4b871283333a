// Seven identities an environment, each for one thing; none has a secret.
param prefix string
param environment string
param location string
param repository string
param kubernetesIssuer string
param tags object

var names = ['ci', 'worker', 'flows', 'training', 'endpoint', 'workspace', 'plan']

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for name in names: {
  name: 'id-${prefix}-${environment}-${name}'
  location: location
  tags: tags
}]

// A workflow gets a token for it only while it runs in the GitHub environment of this name, behind its protection.
resource fromGitHub 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identities[0]
  name: 'github'
  properties: {
    issuer: 'https://token.actions.githubusercontent.com'
    subject: 'repo:${repository}:environment:azure-${environment}'
    audiences: ['api://AzureADTokenExchange']
  }
}

// What-if runs before anybody has approved anything, so it is another identity, which can change nothing.
resource planFromGitHub 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identities[6]
  name: 'github'
  properties: {
    issuer: 'https://token.actions.githubusercontent.com'
    subject: 'repo:${repository}:environment:azure-${environment}-plan'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource fromKubernetes 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = if (!empty(kubernetesIssuer)) {
  parent: identities[2]
  name: 'kubernetes'
  properties: {
    issuer: kubernetesIssuer
    subject: 'system:serviceaccount:${prefix}-${environment}:flows'
    audiences: ['api://AzureADTokenExchange']
  }
}

module ciRoles 'ci-roles.bicep' = {
  name: 'ci-roles'
  params: {
    identity: identities[0].name
    principalId: identities[0].properties.principalId
    operatorRole: operator.name
  }
}

// What a stage that does not train needs of its workspace: no jobs, no computes, no schedules of others.
resource operator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'endpoint-operator')
  properties: {
    roleName: 'Perennial Endpoint Operator (${environment})'
    description: 'Takes a model from the registry and runs its endpoints in this environment; trains nothing.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.MachineLearningServices/locations/*/read'
          'Microsoft.MachineLearningServices/workspaces/read'
          'Microsoft.MachineLearningServices/workspaces/batchEndpoints/*'
          'Microsoft.MachineLearningServices/workspaces/codes/*'
          'Microsoft.MachineLearningServices/workspaces/computes/read'
          'Microsoft.MachineLearningServices/workspaces/data/*'
          'Microsoft.MachineLearningServices/workspaces/datasets/*'
          'Microsoft.MachineLearningServices/workspaces/datastores/read'
          'Microsoft.MachineLearningServices/workspaces/environments/read'
          'Microsoft.MachineLearningServices/workspaces/experiments/*'
          'Microsoft.MachineLearningServices/workspaces/jobs/read'
          'Microsoft.MachineLearningServices/workspaces/metadata/*'
          'Microsoft.MachineLearningServices/workspaces/models/*'
          'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*'
          'Microsoft.MachineLearningServices/workspaces/schedules/*'
        ]
      }
    ]
  }
}

// A deployment of its own creates nothing: each resource in it wants its own right, of which there is none here.
resource planner 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'planner')
  properties: {
    roleName: 'Perennial Planner (${environment})'
    description: 'Reads the environment and asks what a deployment would change.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          '*/read'
          'Microsoft.Resources/deployments/*'
        ]
      }
    ]
  }
}

resource plans 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, identities[6].name, 'planner')
  scope: resourceGroup()
  properties: {
    principalId: identities[6].properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: planner.id
    description: 'shows what a deployment would change'
  }
}

output planClientId string = identities[6].properties.clientId
output ciClientId string = identities[0].properties.clientId
output flowsPrincipalId string = identities[2].properties.principalId
