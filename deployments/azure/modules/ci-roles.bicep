// What a workflow may do: deploy into its own resource group, and hand out there the roles that main.bicep names.
param identity string
param principalId string
param operatorRole string

var roles = loadJsonContent('../roles.json')
var grantable = '${roles.AcrPull}, ${roles.AcrPush}, ${roles['Azure AI Enterprise Network Connection Approver']}, ${roles['Azure Container Instances Contributor Role']}, ${roles['AzureML Data Scientist']}, ${roles['AzureML Metrics Writer (preview)']}, ${roles.Contributor}, ${roles['Key Vault Administrator']}, ${roles['Managed Identity Operator']}, ${roles['Monitoring Reader']}, ${roles['Network Contributor']}, ${roles['Storage Blob Data Contributor']}, ${roles['Storage File Data Privileged Contributor']}, ${roles['Storage Queue Data Message Processor']}, ${roles['Storage Queue Data Message Sender']}, ${operatorRole}'
var write = 'Microsoft.Authorization/roleAssignments/write'
var delete = 'Microsoft.Authorization/roleAssignments/delete'

resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, identity, 'Contributor')
  scope: resourceGroup()
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.Contributor)
    description: 'deploys main.bicep into this resource group'
  }
}

resource grants 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, identity, 'Role Based Access Control Administrator')
  scope: resourceGroup()
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Role Based Access Control Administrator'])
    description: 'hands out the roles of main.bicep, and no others, to identities only'
    conditionVersion: '2.0'
    condition: '((!(ActionMatches{\'${write}\'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${grantable}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'ServicePrincipal\'})) AND ((!(ActionMatches{\'${delete}\'})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${grantable}}))'
  }
}
