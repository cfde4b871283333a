// Who may lend whose identity, and what a worker needs to start flows as container instances.
param workerPrincipalId string
param flowsPrincipalId string
param flowsIdentityName string
param endpointIdentityName string
param networkName string

var roles = loadJsonContent('../roles.json')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: flowsIdentityName
}

resource serving 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: endpointIdentityName
}

resource network 'Microsoft.Network/virtualNetworks@2023-11-01' existing = {
  name: networkName
}

resource subnet 'Microsoft.Network/virtualNetworks/subnets@2023-11-01' existing = {
  parent: network
  name: 'flows'
}

resource starts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, 'worker', 'containers')
  scope: resourceGroup()
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Azure Container Instances Contributor Role'])
    description: 'starts and removes container groups, which do not exist before'
  }
}

resource lends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(identity.id, 'worker', 'assign')
  scope: identity
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Managed Identity Operator'])
    description: 'gives the flows identity, and no other, to the containers'
  }
}

resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serving.id, 'flows', 'assign')
  scope: serving
  properties: {
    principalId: flowsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Managed Identity Operator'])
    description: 'gives the endpoint identity, and no other, to the deployments it makes'
  }
}

resource joins 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subnet.id, 'worker', 'join')
  scope: subnet
  properties: {
    principalId: workerPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Network Contributor'])
    description: 'puts the containers into the flows subnet'
  }
}
